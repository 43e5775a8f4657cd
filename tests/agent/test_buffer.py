"""An output's buffer keeps order, splits, puts back, and lets only untracked metrics go."""

from __future__ import annotations

from agent.batch import MetricBatch
from agent.buffer import OutputBuffer
from agent.delivery import Delivery
from agent.metric import Metric


def batch(*numbers):
    return MetricBatch([Metric("m", {"n": n}) for n in numbers])


def numbers(parts):
    return [metric.fields["n"] for part in parts for metric in part.batch]


def test_take_splits_and_put_back_restores_the_order():
    buffer = OutputBuffer(100)
    buffer.add(batch(1, 2, 3), None, 0)
    buffer.add(batch(4, 5), None, 0)
    taken, _ = buffer.take(4)
    assert numbers(taken) == [1, 2, 3, 4]
    assert len(buffer) == 1
    buffer.put_back(taken)
    assert numbers(buffer.take(10)[0]) == [1, 2, 3, 4, 5]


def test_overflow_drops_the_oldest_untracked_and_never_a_tracked_one():
    buffer = OutputBuffer(3)
    delivery = Delivery(lambda _: None)
    assert buffer.add(batch(1, 2), None, 0) == 0
    assert buffer.add(batch(10, 11, 12, 13), delivery, 0) == 0
    assert buffer.add(batch(3, 4, 5), None, 0) == 2
    assert numbers(buffer.take(100)[0]) == [10, 11, 12, 13, 3, 4, 5]


def test_cancelled_parts_are_not_to_be_written():
    buffer = OutputBuffer(10)
    lost = Delivery(lambda _: None)
    buffer.add(batch(1), lost, 0)
    buffer.add(batch(2), None, 0)
    lost.cancelled = True
    taken, cancelled = buffer.take(10)
    assert (numbers(taken), numbers(cancelled)) == ([2], [1])
    assert len(buffer) == 0
