"""For authors of plugins: run pipelines inside tests, against an InfluxDB that fails on request."""

from agent.kits.influx_server import FakeInfluxDB, Fault
from agent.kits.make import make_plugin
from agent.kits.pipelines import CollectingOutput, collect, run_config

__all__ = ["CollectingOutput", "FakeInfluxDB", "Fault", "collect", "make_plugin", "run_config"]
