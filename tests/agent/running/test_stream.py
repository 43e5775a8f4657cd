"""A stream input under the runtime: nothing is committed before it is settled, whatever happens on the way."""

from __future__ import annotations

import threading
import time

import pytest

from agent.budget import MemoryBudget
from agent.config.common import InputCommon, OutputCommon, ProcessorCommon
from agent.contracts import Output, Parser, Processor, StreamInput
from agent.dead_letters.writer import DeadLetterWriter
from agent.errors import ParseError, Retry
from agent.flow import Flow
from agent.metric import Metric
from agent.record import Record, RecordChunk
from agent.running.intake import Intake
from agent.running.output import OutputTiming, RunningOutput
from agent.running.processor import RunningProcessor
from agent.running.stream import RunningStream
from agent.stats import Statistics


class Numbers(Parser):
    def parse(self, data):
        if data == b"bug":
            raise RuntimeError("a bug in the parser")
        try:
            return [Metric("m", {"n": int(data)}, time=1)]
        except ValueError:
            raise ParseError(f"{data!r} is no number") from None


class Topic(StreamInput):
    """One partition in memory, with a committed position."""

    def __init__(self, *payloads, at_once=2, most=None):
        super().__init__(None, None, "inputs.topic")
        self.payloads = payloads
        self.position = 0
        self.committed = []
        self.at_once = at_once
        self.max_undelivered = most
        self.paused = False
        self.closed = False
        self.events = []

    def poll(self, timeout):
        if self.paused or self.position >= len(self.payloads):
            time.sleep(0.01)
            return []
        start, self.position = self.position, min(self.position + self.at_once, len(self.payloads))
        records = [Record(self.payloads[i], topic="t", partition=0, offset=i) for i in range(start, self.position)]
        return [RecordChunk(records, ("t", 0), self.position)]

    def commit(self, positions, *, wait):
        self.committed.append(positions[("t", 0)])

    def pause(self):
        self.paused = True
        self.events.append("pause")

    def resume(self):
        self.paused = False
        self.events.append("resume")

    def close(self):
        self.closed = True


class Store(Output):
    def __init__(self):
        super().__init__(None, None, "outputs.store")
        self.up = threading.Event()
        self.up.set()
        self.stored = []

    def write(self, batch):
        if not self.up.is_set():
            raise Retry("down", after=0.02)
        self.stored += [metric.fields["n"] for metric in batch]


class Letters:
    def __init__(self):
        self.letters = []

    def write(self, letters):
        self.letters += letters

    def close(self):
        pass


class Rig:
    def __init__(self, topic, limit=10**9, commits=True):
        statistics = Statistics()
        self.topic, self.store, self.sink = topic, Store(), Letters()
        self.letters = DeadLetterWriter(self.sink, statistics)
        self.output = RunningOutput(
            self.store,
            OutputCommon(),
            OutputTiming(100, 1, 0, 0.01),
            100,
            self.letters,
            statistics.plugin("outputs", "store"),
            distribution="test 1.0",
            on_fatal=lambda reason: None,
        )
        flow = Flow([], [], [self.output], self.letters)
        stats = statistics.plugin("inputs", "topic")
        intake = Intake(InputCommon(), {}, 1, False, False, stats)
        parser = Numbers(None)
        self.stream = RunningStream(
            topic, parser, intake, flow, self.letters, MemoryBudget(limit), stats, commits=commits
        )

    def start(self):
        self.letters.start()
        self.output.opened()
        self.output.start()
        self.stream.start()

    def stop(self):
        now = time.monotonic()
        self.stream.stop_intake()
        self.output.stop(now + 1)
        self.output.join(now + 3)
        self.letters.drain(1)
        self.stream.finish(now + 3)
        assert self.stream.join(3)
        self.letters.stop()


def until(condition, seconds=5):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


@pytest.fixture
def rig():
    rigs = []

    def make(*payloads, **options):
        commits = options.pop("commits", True)
        rigs.append(Rig(Topic(*payloads, **options), commits=commits))
        return rigs[-1]

    yield make
    for one in rigs:
        if not one.topic.closed:
            one.store.up.set()
            one.stop()


def numbers(count):
    return [str(n).encode() for n in range(count)]


def test_a_clean_stop_commits_everything_that_was_written(rig):
    run = rig(*numbers(7))
    run.start()
    until(lambda: len(run.store.stored) == 7)
    run.stop()
    assert run.store.stored == list(range(7))
    assert run.topic.committed[-1] == 7
    assert run.topic.closed


def test_a_commit_that_nobody_waited_for_is_repeated(rig, monkeypatch):
    monkeypatch.setattr("agent.running.stream._COMMIT_EVERY", 0.01)
    monkeypatch.setattr("agent.running.stream._REPEAT_COMMIT", 3)
    run = rig(*numbers(2))
    run.start()
    until(lambda: run.topic.committed.count(2) >= 3)


def test_a_trial_run_commits_nothing(rig):
    run = rig(*numbers(3), commits=False)
    run.start()
    until(lambda: len(run.store.stored) == 3)
    run.stop()
    assert run.topic.committed == []


def test_nothing_is_committed_that_is_not_written(rig):
    run = rig(*numbers(5))
    run.store.up.clear()
    run.start()
    until(lambda: run.topic.position == 5)
    run.stop()
    assert run.topic.committed == []
    assert run.stream.undelivered() == 5


def test_bad_records_become_dead_letters_and_the_rest_goes_on(rig):
    run = rig(b"0", b"x", b"2", b"bug", b"4")
    run.start()
    until(lambda: len(run.store.stored) == 3)
    run.stop()
    assert run.store.stored == [0, 2, 4]
    found = {letter.record.offset: letter.reason for letter in run.sink.letters}
    assert found == {1: "b'x' is no number", 3: "RuntimeError: a bug in the parser"}
    assert run.topic.committed[-1] == 5


def test_the_undelivered_limit_bounds_what_is_read(rig):
    run = rig(*numbers(100), most=10)
    run.store.up.clear()
    run.start()
    time.sleep(0.3)
    assert run.topic.position <= 12
    run.store.up.set()
    until(lambda: len(run.store.stored) == 100)


def test_a_long_wait_pauses_the_partitions_and_polls_on(rig, monkeypatch):
    monkeypatch.setattr("agent.running.stream._PAUSE_AFTER", 0.1)
    run = rig(*numbers(50), most=4)
    run.store.up.clear()
    run.start()
    until(lambda: run.topic.paused)
    run.store.up.set()
    until(lambda: len(run.store.stored) == 50)
    assert run.topic.events[:2] == ["pause", "resume"]


def test_revoked_partitions_are_flushed_and_committed(rig):
    run = rig(*numbers(3), at_once=3)
    run.store.up.clear()
    run.start()
    until(lambda: run.topic.position == 3)
    threading.Timer(0.2, run.store.up.set).start()
    run.stream.on_revoked([("t", 0)], 3.0)
    assert run.topic.committed == [3]


def test_a_kept_partition_goes_on_where_reading_was_and_a_lost_one_is_forgotten(rig):
    run = rig(*numbers(4), at_once=4)
    run.store.up.clear()
    run.start()
    until(lambda: run.topic.position == 4)
    run.stream.on_revoked([("t", 0)], 0.05)
    assert run.stream.on_assigned([("t", 0), ("t", 1)]) == {("t", 0): 4, ("t", 1): None}
    run.stream.on_assigned([("t", 1)])
    run.store.up.set()
    until(lambda: run.stream.undelivered() == 0)
    assert run.store.stored == []  # somebody else's now, and theirs to write
    assert run.stream.on_assigned([("t", 0)]) == {("t", 0): None}


class Keeping(Processor):
    """Keeps metrics until the fourth."""

    def init(self):
        self.inside = []

    def apply(self, metrics):
        self.inside += metrics
        if len(self.inside) < 4:
            return []
        out, self.inside = self.inside, []
        return out

    def keeps(self):
        return bool(self.inside)


def test_what_a_processor_keeps_is_not_committed_before_it_came_out_and_was_written(rig):
    run = rig(*numbers(6), at_once=1)
    plugin = Keeping(None, None, "processors.keeping")
    plugin.init()
    stats = run.stream._statistics
    run.stream._flow._processors = [RunningProcessor(plugin, ProcessorCommon(), "test", stats)]
    run.start()
    until(lambda: run.topic.position == 6)
    until(lambda: run.store.stored == [0, 1, 2, 3])
    time.sleep(0.1)
    run.stop()
    assert run.topic.committed[-1] == 4  # 4 and 5 are still inside: they come again
    assert run.stream.undelivered() == 2
