"""For authors of plugins: the contracts as tests, pipelines inside tests, an InfluxDB that fails on request."""

from agent.kits.influx_server import FakeInfluxDB, Fault
from agent.kits.input import InputContract, StreamInputContract
from agent.kits.make import make_plugin
from agent.kits.output import OutputContract
from agent.kits.parser import ParserContract
from agent.kits.pipelines import CollectingOutput, collect, run_config
from agent.kits.plugin import PluginContract
from agent.kits.processor import ProcessorContract

__all__ = [
    "CollectingOutput",
    "FakeInfluxDB",
    "Fault",
    "InputContract",
    "OutputContract",
    "ParserContract",
    "PluginContract",
    "ProcessorContract",
    "StreamInputContract",
    "collect",
    "make_plugin",
    "run_config",
]
