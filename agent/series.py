"""About how many series each measurement has: a bounded sketch, not a list of them."""

from __future__ import annotations

import heapq
import threading

from agent.batch import MetricBatch
from agent.stats import Snapshot

__all__ = ["SeriesCounter"]

_MOST_MEASUREMENTS = 1000
_KEPT = 1024
_MASK = (1 << 64) - 1


class _Sketch:
    """The k smallest of the hashes seen: exact up to k distinct values, then within about 3 %."""

    __slots__ = ("_heap", "_members")

    def __init__(self) -> None:
        self._heap: list[int] = []  # negated, so that the largest kept hash is on top
        self._members: set[int] = set()

    def add(self, value: int) -> None:
        if value in self._members:
            return
        if len(self._heap) < _KEPT:
            heapq.heappush(self._heap, -value)
            self._members.add(value)
        elif value < -self._heap[0]:
            self._members.discard(-heapq.heapreplace(self._heap, -value))
            self._members.add(value)

    def estimate(self) -> int:
        if len(self._heap) < _KEPT:
            return len(self._heap)
        return int((_KEPT - 1) * _MASK / -self._heap[0])


class SeriesCounter:
    """Counts the series (name and tag set) per measurement of one input, approximately, in bounded memory."""

    def __init__(self, input_name: str, alias: str) -> None:
        self._name, self._alias = input_name, alias
        self._sketches: dict[str, _Sketch] = {}
        self._lock = threading.Lock()

    def see(self, batch: MetricBatch) -> None:
        """Count the metrics of a batch. Undecoded lines stay undecoded: everything before the fields tells."""
        lines = batch.encode_lines() if type(batch) is not MetricBatch else None
        with self._lock:
            if lines is not None:
                for head in {line.partition(b" ")[0] for line in lines}:
                    self._add(head.partition(b",")[0].decode("utf-8", "replace"), head)
            else:
                for metric in batch:
                    self._add(metric.name, tuple(sorted(metric.tags.items())))

    def _add(self, measurement: str, series: object) -> None:
        sketch = self._sketches.get(measurement)
        if sketch is None:
            if len(self._sketches) >= _MOST_MEASUREMENTS:
                return
            sketch = self._sketches[measurement] = _Sketch()
        # Python's own hash of small integers and tuples is not uniform enough for a sketch: mix it.
        value = hash((measurement, series)) & _MASK
        value = (value ^ (value >> 33)) * 0xFF51AFD7ED558CCD & _MASK
        value = (value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53 & _MASK
        sketch.add(value ^ (value >> 33))

    def snapshot(self) -> list[Snapshot]:
        """The estimates now."""
        with self._lock:
            return [
                Snapshot("series", self._name, self._alias, {"measurement": name}, {"series": sketch.estimate()})
                for name, sketch in self._sketches.items()
            ]
