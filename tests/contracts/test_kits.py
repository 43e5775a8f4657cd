"""The contract kits over every entry point, and what they say of plugins that break the contract.

A new plugin is covered by being declared. One that needs options is told in ``OPTIONS``.
"""

from __future__ import annotations

import pytest

from agent.registry import Registry
from pyagent import Input, Metric, NoConfig, Output, ParseError, Parser, Processor, StreamInput
from pyagent.testing import (
    FakeInfluxDB,
    InputContract,
    OutputContract,
    ParserContract,
    PluginContract,
    ProcessorContract,
    StreamInputContract,
)
from tests.contracts.test_contracts import REQUIRED

LIBRARIES = ("kafka", "confluent_kafka", "requests", "gjson", "keyring", "fastavro", "google.protobuf")
#: A port on which nobody listens: reserved, and no server's.
NOWHERE = "127.0.0.1:1"

PAYLOADS = {
    "influx": (b'm,host=a v=1.5,n=3i,s="x" 1700000000000000000\n', b"m v= 1"),
    "json": (b'{"v": 1.5, "n": 3, "s": "x"}', b'{"v": 1.5'),
    "value": (b"42", b"forty-two"),
}
UNREACHABLE = {
    "inputs.kafka_consumer": {"brokers": [NOWHERE], "topics": ["t"]},
    "outputs.influxdb": {"urls": [f"http://{NOWHERE}"], "timeout": "2s"},
    "outputs.influxdb_v2": {"urls": [f"http://{NOWHERE}"], "timeout": "2s", "bucket": "b", "organization": "o"},
}


@pytest.fixture(scope="module")
def store():
    with FakeInfluxDB() as server:
        yield server


def options(full, folder):
    """Options with which a plugin of ours works."""
    if full == "inputs.file":
        (folder / "in").write_bytes(b"m v=1 1\n")
        return {"files": [str(folder / "in")]}
    if full == "outputs.file":
        return {"files": [str(folder / "out")]}
    return dict(REQUIRED.get(full, {}))


def kit(kind, name):
    plugin = Registry().load(kind, name)
    full = f"{kind}.{name}"
    bases = {"parsers": ParserContract, "processors": ProcessorContract, "outputs": OutputContract}
    base = bases.get(kind, PluginContract)
    if kind == "inputs":
        base = StreamInputContract if issubclass(plugin, StreamInput) else InputContract
    members = {
        "plugin": plugin, "client_libraries": LIBRARIES, "options": lambda self, folder: options(full, folder),
    }  # fmt: skip
    if kind == "parsers":
        members["payload"], members["malformed"] = PAYLOADS[name]
    if full in UNREACHABLE:
        members["unreachable"] = UNREACHABLE[full]
    if full == "inputs.internal":
        members["prepare"] = lambda self, made: setattr(made, "statistics", tuple)
    if full.startswith("outputs.influxdb"):
        base = type("Stored", (base,), {"serve": pytest.fixture(autouse=True)(serve)})
        members["options"] = lambda self, folder: {"urls": [self.store.url], "content_encoding": "identity"}
    label = "".join(part.title() for part in (kind[:-1], *name.split("_")))
    return f"Test{label}", type(f"Test{label}", (base,), members)


def serve(self, store):
    self.store = store


for _kind in ("inputs", "parsers", "processors", "aggregators", "outputs", "serializers"):
    for _name in Registry().names(_kind):
        _label, _class = kit(_kind, _name)
        globals()[_label] = _class


class Keeps(Parser[NoConfig]):
    """Remembers the payload before."""

    last = b""

    def parse(self, data):
        self.last, before = data, self.last
        return [Metric("m", {"v": len(before)})]


class Raises(Parser[NoConfig]):
    """Lets a library's exception out."""

    def parse(self, data):
        if not data.isalnum():
            raise ParseError("no word")
        return [Metric("m", {"v": int(data)})]


class Lazy(Processor[NoConfig]):
    """Gives a generator."""

    def apply(self, metrics):
        return (metric for metric in metrics)


class Careless(Output[NoConfig]):
    """Changes what others have, too, and takes letters without saying so."""

    def write(self, batch):
        for metric in batch:
            metric.tags["seen"] = "yes"

    def write_dead_letters(self, letters):
        pass


class Silent(Input[NoConfig]):
    """Gathers nothing."""

    def gather(self):
        return []


def broken(base, plugin, **members):
    return type("Broken", (base,), {"plugin": plugin, **members})()


def test_the_kits_find_what_breaks_a_contract(tmp_path):
    parser = {"payload": b"123", "malformed": b"-"}
    with pytest.raises(AssertionError):
        broken(ParserContract, Keeps, **parser).test_one_payload_leaves_nothing_for_the_next(tmp_path)
    with pytest.raises(AssertionError, match="malformed payload was accepted"):
        broken(ParserContract, Keeps, **parser).test_what_is_malformed_is_a_parse_error(tmp_path)
    with pytest.raises(ValueError, match=r"integer string conversion|invalid literal"):
        broken(ParserContract, Raises, payload=b"1a").test_hostile_and_truncated_payloads_raise_nothing_else(tmp_path)
    with pytest.raises(AssertionError, match="must return a list"):
        broken(ProcessorContract, Lazy).test_nothing_gives_nothing(tmp_path)
    with pytest.raises(AssertionError, match="changed the batch"):
        broken(OutputContract, Careless).test_it_writes_and_leaves_the_batch_as_it_was(tmp_path)
    with pytest.raises(AssertionError, match="disagree"):
        broken(OutputContract, Careless).test_dead_letters_are_taken_where_it_says_so()
    with pytest.raises(AssertionError, match="nothing was gathered"):
        broken(InputContract, Silent).test_it_gathers_twice(tmp_path)
    with pytest.raises(AssertionError, match="succeeded"):
        broken(OutputContract, Careless, unreachable={}).test_a_service_out_of_reach_keeps_the_batch()
