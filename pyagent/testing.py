"""For authors of plugins: run pipelines inside tests, against an InfluxDB that fails on request."""

from agent.kits.influx_server import FakeInfluxDB, Fault
from agent.kits.pipelines import CollectingOutput, collect, run_config

__all__ = ["CollectingOutput", "FakeInfluxDB", "Fault", "collect", "run_config"]
