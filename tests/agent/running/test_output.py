"""What a write's outcome means: settled, kept, dead-lettered."""

from __future__ import annotations

import threading
import time

import pytest

from agent.batch import MetricBatch
from agent.config.common import OutputCommon
from agent.contracts import Output
from agent.dead_letters.writer import DeadLetterWriter
from agent.delivery import Delivery
from agent.errors import PartialWrite, Retry
from agent.metric import Metric
from agent.record import Origin, Record, RecordChunk
from agent.running.output import OutputTiming, RunningOutput
from agent.stats import Statistics


class Sink:
    def __init__(self):
        self.letters = []

    def write(self, letters):
        self.letters += letters

    def close(self):
        pass


class Scripted(Output):
    """Answers from a list of callables, then takes everything."""

    def __init__(self, *script):
        super().__init__(None, None, "outputs.scripted")
        self.script = list(script)
        self.written = []

    def write(self, batch):
        if self.script:
            self.script.pop(0)(self, batch)
        self.written += [metric.fields["n"] for metric in batch]


@pytest.fixture
def run():
    started = []

    def start(plugin, batch_size=100, linger=0.01, **common):
        statistics = Statistics()
        sink = Sink()
        letters = DeadLetterWriter(sink, statistics)
        letters.start()
        output = RunningOutput(
            plugin,
            OutputCommon(**common),
            OutputTiming(batch_size, 1.0, 0.0, linger),
            1000,
            letters,
            statistics.plugin("outputs", "scripted"),
            distribution="test 1.0",
            on_fatal=lambda reason: None,
        )
        output.opened()
        output.start()
        started.append((output, letters))
        return output, sink, letters

    yield start
    for output, letters in started:
        output.stop(time.monotonic() + 1)
        output.join(time.monotonic() + 3)
        letters.stop()


def publish(output, *numbers, payload=b"raw"):
    settled = threading.Event()
    delivery = Delivery(lambda _: settled.set())
    chunk = RecordChunk([Record(payload, topic="t", partition=0, offset=n) for n in numbers])
    metrics = [Metric("m", {"n": n}, time=1, origin=Origin(chunk, i)) for i, n in enumerate(numbers)]
    output.add(MetricBatch(metrics), delivery)
    delivery.release()
    return settled


def answer(error):
    def script(plugin, batch):
        raise error

    return script


def test_written_is_settled(run):
    plugin = Scripted()
    output, _, _ = run(plugin)
    assert publish(output, 1, 2, 3).wait(3)
    assert plugin.written == [1, 2, 3]


def test_retry_keeps_order_and_loses_nothing(run):
    plugin = Scripted(answer(Retry("down", after=0)), answer(Retry("down", after=0.01)))
    output, _, _ = run(plugin, batch_size=2)
    assert publish(output, 1, 2, 3, 4, 5).wait(3)
    assert plugin.written == [1, 2, 3, 4, 5]


def test_a_full_batch_does_not_wait_for_the_linger(run):
    plugin = Scripted()
    output, _, _ = run(plugin, batch_size=3, linger=30)
    assert publish(output, 1, 2, 3).wait(2)


def test_an_urged_output_writes_what_it_has(run):
    output, _, _ = run(Scripted(), linger=0.5)
    output._timing.linger = output._timing.interval = 60
    settled = publish(output, 1)
    output.urge()
    assert settled.wait(2)


def test_partial_write_settles_the_rest_and_makes_one_letter_a_record(run):
    error = PartialWrite(rejected={1: "too old"}, retry=[2], after=0)

    def script(plugin, batch):
        plugin.written += [batch.metrics[0].fields["n"]]
        raise error

    plugin = Scripted(script)
    output, sink, _letters = run(plugin)
    assert publish(output, 1, 2, 3).wait(3)
    assert plugin.written == [1, 3]
    (letter,) = sink.letters
    assert (letter.record.offset, letter.reason, letter.stage) == (2, "too old", "output")
    assert letter.points[0].metric == "m n=2i 1"


def test_the_delivery_waits_until_its_letter_is_stored(run):
    plugin = Scripted(answer(PartialWrite(rejected={0: "bad"})))
    output, sink, _letters = run(plugin)
    gate = threading.Event()
    store = sink.write

    def slow(found):
        if not gate.is_set():
            raise Retry("disk full")
        store(found)

    sink.write = slow
    settled = publish(output, 7)
    assert not settled.wait(0.3)
    gate.set()
    assert settled.wait(3)
    assert len(sink.letters) == 1


def test_a_strange_error_is_tried_again_then_the_guilty_metric_stands_alone(run):
    class Breaks(Scripted):
        def write(self, batch):
            if any(metric.fields["n"] == 3 for metric in batch):
                raise ZeroDivisionError("three")
            super().write(batch)

    plugin = Breaks()
    output, sink, _ = run(plugin)
    assert publish(output, 1, 2, 3, 4).wait(10)
    assert sorted(plugin.written) == [1, 2, 4]
    assert "ZeroDivisionError: three" in sink.letters[0].reason
    assert "test 1.0" in sink.letters[0].reason


def test_best_effort_does_not_hold_the_delivery(run):
    output, _, _ = run(Scripted(answer(Retry("down", after=30))), ack="best_effort")
    assert publish(output, 1).wait(1)


def test_stop_writes_what_is_left(run):
    plugin = Scripted()
    output, _, _ = run(plugin, linger=0.9)
    settled = publish(output, 1, 2)
    output.stop(time.monotonic() + 2)
    assert settled.wait(2)
    assert output.join(time.monotonic() + 2)


def test_stop_ends_in_time_when_the_destination_is_down(run):
    down = [answer(Retry("down")) for _ in range(1000)]
    output, _, _ = run(Scripted(*down))
    settled = publish(output, 1)
    started = time.monotonic()
    output.stop(started + 0.5)
    assert output.join(started + 3)
    assert time.monotonic() - started < 2
    assert not settled.is_set()
    assert output.pending() == 1
