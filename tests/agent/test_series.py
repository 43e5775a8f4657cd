"""The series sketch is exact while there are few and close when there are many."""

from __future__ import annotations

import pytest

from agent.batch import LineBatch, MetricBatch
from agent.metric import Metric
from agent.series import SeriesCounter


def count(counter):
    return {figures.tags["measurement"]: figures.values["series"] for figures in counter.snapshot()}


def test_few_series_are_counted_exactly_and_fields_do_not_matter():
    counter = SeriesCounter("kafka_consumer", "")
    counter.see(MetricBatch([Metric("m", {"v": i}, {"host": str(i % 5)}) for i in range(50)]))
    counter.see(LineBatch([b"n,host=a v=1 1", b"n,host=b v=1 1", b"n,host=a v=2 2"], None, None))
    assert count(counter) == {"m": 5, "n": 2}


@pytest.mark.parametrize("true", [5_000, 50_000])
def test_many_series_are_estimated_in_bounded_memory(true):
    counter = SeriesCounter("kafka_consumer", "")
    counter.see(MetricBatch([Metric("m", {"v": 1}, {"host": str(i)}) for i in range(true)]))
    assert count(counter)["m"] == pytest.approx(true, rel=0.15)
    assert len(counter._sketches["m"]._members) <= 1024
