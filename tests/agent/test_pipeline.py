"""Whole pipelines in this process: dead-letter outputs, startup behaviour, statistics, fatal errors."""

from __future__ import annotations

import json
import threading
import time

import pytest

from agent.build import build_pipeline
from agent.config.load import load
from agent.errors import Fatal, StartupError
from agent.registry import Registry
from pyagent import ConfigError, Input, Metric, NoConfig, Output
from pyagent.testing import FakeInfluxDB


def until(condition, seconds=5):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def build(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    registry = Registry()

    def build(text, mode="run", **plugins):
        for name, plugin in plugins.items():
            registry.add(plugin.kind, name, plugin)
        (tmp_path / "agent.toml").write_text("[agent]\nomit_hostname = true\ninterval = '50ms'\n" + text)
        return build_pipeline(load(["agent.toml"], registry=registry), mode=mode)

    return build


class Running:
    def __init__(self, pipeline):
        self.pipeline = pipeline
        self.code = None
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        self.code = self.pipeline.run()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.pipeline.stop()
        self.thread.join(15)
        assert not self.thread.is_alive()


FILE = "[[inputs.file]]\nfiles = ['in.lp']\nprecision = '1ns'\n"


def test_dead_letters_go_to_the_output_that_takes_them(build, tmp_path):
    (tmp_path / "in.lp").write_text("m v=1 1\nbad\n")
    pipeline = build(
        FILE + "[[outputs.discard]]\n[[outputs.file]]\nfiles = ['dead.jsonl']\ndead_letter = true\n", "once"
    )
    assert pipeline.run() == 0
    (letter,) = [json.loads(line) for line in (tmp_path / "dead.jsonl").read_text().splitlines()]
    assert (letter["stage"], letter["plugin"], letter["source"]) == ("parse", "inputs.file", "in.lp")
    assert letter["points"][0]["line"] == 2
    assert not list((tmp_path / "state").rglob("*.jsonl"))


def test_an_output_that_cannot_store_dead_letters_is_refused(build):
    with pytest.raises(ConfigError, match="dead_letter"):
        build(FILE + "[[outputs.discard]]\ndead_letter = true\n")


def test_a_point_that_the_database_refuses_is_a_dead_letter_and_the_rest_is_stored(build, tmp_path):
    (tmp_path / "in.lp").write_text('m v=1 1\nm v="text" 2\nm v=3 3\n')
    with FakeInfluxDB() as server:
        assert build(FILE + f"[[outputs.influxdb]]\nurls = ['{server.url}']\n", "once").run() == 0
        assert sorted(metric.fields["v"] for metric in server.points()) == [1, 3]
    (path,) = (tmp_path / "state").rglob("*.jsonl")
    letter = json.loads(path.read_text())
    assert letter["stage"] == "output"
    assert letter["points"] == [{"reason": letter["reason"], "metric": 'm v="text" 2'}]


def test_once_fails_with_exit_code_1_when_something_is_left_unwritten(build, tmp_path):
    (tmp_path / "in.lp").write_text("m v=1 1\n")
    text = (
        "shutdown_timeout = '1s'\n"
        + FILE
        + "[[outputs.influxdb]]\nurls = ['http://127.0.0.1:1']\nskip_database_creation = true\n"
    )
    assert build(text, "once").run() == 1


class Late(Output[NoConfig]):
    tries = 0
    written: list[Metric] = []

    def open(self):
        type(self).tries += 1
        if type(self).tries < 3:
            raise StartupError("not yet")

    def write(self, batch):
        self.written.extend(batch)


class Tick(Input[NoConfig]):
    def gather(self):
        yield Metric("tick", {"v": 1})


@pytest.mark.parametrize(("behavior", "code"), [("error", 1), ("", 1)])
def test_a_start_that_fails_ends_the_agent(build, behavior, code):
    Late.tries = 0
    extra = f"startup_error_behavior = '{behavior}'\n" if behavior else ""
    assert build("[[inputs.tick]]\n[[outputs.late]]\n" + extra, tick=Tick, late=Late).run() == code


def test_a_start_that_fails_is_retried_and_what_came_meanwhile_is_written(build):
    Late.tries, Late.written = 0, []
    pipeline = build("[[inputs.tick]]\n[[outputs.late]]\nstartup_error_behavior = 'retry'\n", tick=Tick, late=Late)
    with Running(pipeline):
        until(lambda: len(Late.written) > 3)
    assert Late.tries == 3


def test_a_start_that_fails_is_ignored_on_request(build):
    Late.tries, Late.written = 0, []
    text = "[[inputs.tick]]\n[[outputs.discard]]\n[[outputs.late]]\nstartup_error_behavior = 'ignore'\n"
    with Running(build(text, tick=Tick, late=Late)):
        time.sleep(0.3)
    assert Late.written == []


class Hopeless(Output[NoConfig]):
    def write(self, batch):
        raise Fatal("the licence is over")


def test_a_fatal_error_stops_the_agent_with_its_reason(build, caplog):
    with Running(
        build("shutdown_timeout = '1s'\n[[inputs.tick]]\n[[outputs.hopeless]]\n", tick=Tick, hopeless=Hopeless)
    ) as running:
        running.thread.join(10)
        assert running.code == 1
    assert "the licence is over" in caplog.text


class Broken(Input[NoConfig]):
    def gather(self):
        yield Metric("before", {"v": 1})
        raise RuntimeError("sensor gone")


def test_an_input_that_raises_is_contained_and_counted(build, caplog):
    Late.tries, Late.written = 9, []
    text = "[[inputs.broken]]\n[[inputs.tick]]\n[[inputs.internal]]\n[[outputs.late]]\n"
    pipeline = build(text, broken=Broken, tick=Tick, late=Late)
    with Running(pipeline):
        until(lambda: {"before", "tick", "internal_gather", "internal_write"} <= {m.name for m in Late.written})
    assert "sensor gone" in caplog.text
    figures = {(f.kind, f.name): f.values for f in pipeline.statistics.snapshot()}
    assert figures[("inputs", "broken")]["gather_errors"] >= 1
    assert figures[("outputs", "late")]["metrics_written"] == len(Late.written)
    series = {m.tags["measurement"]: m.fields["series"] for m in Late.written if m.name == "internal_series"}
    assert series["tick"] == 1


class Slow(Input[NoConfig]):
    def gather(self):
        yield Metric("slow", {"v": 1}, time=5)
        time.sleep(0.1)
        yield Metric("slow", {"v": 2}, time=6)


@pytest.mark.parametrize("source", ["metric", "collection_start", "collection_end"])
def test_the_time_of_a_metric_is_its_own_or_its_collections(build, source):
    Late.tries, Late.written = 9, []
    before = time.time_ns()
    text = f"[[inputs.slow]]\nprecision = '1ns'\ntime_source = '{source}'\n[[outputs.late]]\n"
    assert build(text, "once", slow=Slow, late=Late).run() == 0
    times = [metric.time for metric in Late.written]
    if source == "metric":
        assert times == [5, 6]
    else:
        assert times[0] == times[1]
        assert (times[0] - before > 90_000_000) is (source == "collection_end")
