"""What crosses the bus: a batch of metrics, decoded or still line protocol."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Optional

from agent.line_protocol.decode import decode_line
from agent.line_protocol.encode import encode_metric
from agent.line_protocol.tags import add_missing_tags, set_tags
from agent.metric import Metric
from agent.record import Origin, Record, RecordChunk

__all__ = ["JoinedBatch", "LineBatch", "MetricBatch", "join"]


class MetricBatch:
    """An immutable sequence of metrics on its way to one or several outputs.

    Iterating may decode; whoever only passes lines on calls :meth:`encode_lines`. A batch is shared by all
    outputs: copy a metric before you change it.
    """

    __slots__ = ("_metrics",)

    def __init__(self, metrics: Iterable[Metric] = ()) -> None:
        self._metrics = metrics if isinstance(metrics, list) else list(metrics)

    def __len__(self) -> int:
        return len(self._metrics)

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._metrics)

    @property
    def metrics(self) -> list[Metric]:
        """The metrics, decoded. The list is the batch's own: do not change it."""
        return self._metrics

    def encode_lines(
        self, *, uint_support: bool = False, omit_timestamp: bool = False, sort_fields: bool = False
    ) -> list[bytes]:
        """One line of line protocol per metric, without its line end, at the metric's own index.

        A metric of which nothing can be written (no name, only NaN) gives ``b""``.
        """
        return [encode_metric(m, uint_support, omit_timestamp, sort_fields) for m in self._metrics]

    def select(self, indices: Sequence[int]) -> MetricBatch:
        """The batch of the metrics at ``indices``, in that order."""
        metrics = self._metrics
        return MetricBatch([metrics[i] for i in indices])

    def slice(self, start: int, stop: int) -> MetricBatch:
        """The batch of the metrics from ``start`` up to ``stop``."""
        return MetricBatch(self._metrics[start:stop])

    def origin(self, index: int) -> Optional[Record]:
        """The record that the metric at ``index`` was parsed from, if it was."""
        origin = self._metrics[index].origin
        return None if origin is None else origin.record

    def size(self) -> int:
        """About how many bytes of memory it holds."""
        if not self._metrics:
            return 0
        first = self._metrics[0]  # looking at each would cost more than the estimate is worth
        return len(self._metrics) * (500 + 120 * (len(first.tags) + len(first.fields)))

    def add_missing_tags(self, tags: Mapping[str, str]) -> MetricBatch:
        """The batch with ``tags`` where a metric lacks them. Changes its metrics: for their owner alone."""
        for metric in self._metrics:
            own = metric.tags
            for key, value in tags.items():
                if key not in own:
                    own[key] = value
        return self

    def set_tags(self, tags: Mapping[str, str]) -> MetricBatch:
        """The batch with ``tags`` on every metric, overwriting. Changes its metrics: for their owner alone."""
        for metric in self._metrics:
            metric.tags.update(tags)
        return self


class LineBatch(MetricBatch):
    """Untouched line protocol: every line validated, each with its timestamp, none decoded yet.

    Args:
        lines: The lines without line ends. Each was accepted by ``agent.line_protocol.block``, so the
            strict parser accepts it too.
        chunk: The records that they came from.
        counts: How many of the lines each record of ``chunk`` gave, in order.
    """

    __slots__ = ("_chunk", "_ends", "_lines", "_offset")

    def __init__(self, lines: list[bytes], chunk: Optional[RecordChunk], counts: Optional[Sequence[int]]) -> None:
        self._lines = lines
        self._chunk = chunk
        #: Line index at which each record ends; None: line i is record i's only one.
        self._ends = None if counts is None else list(accumulate(counts))
        self._offset: Sequence[int] | int = 0

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Metric]:
        return iter(self.metrics)

    @property
    def metrics(self) -> list[Metric]:
        metrics = []
        for i, line in enumerate(self._lines):
            metric = decode_line(line)
            if self._chunk is not None:
                metric.origin = Origin(self._chunk, self._record_index(i))
            metrics.append(metric)
        return metrics

    def encode_lines(
        self, *, uint_support: bool = False, omit_timestamp: bool = False, sort_fields: bool = False
    ) -> list[bytes]:
        if omit_timestamp or sort_fields:
            return MetricBatch(self.metrics).encode_lines(
                uint_support=uint_support, omit_timestamp=omit_timestamp, sort_fields=sort_fields
            )
        return self._lines

    def _derive(self, lines: list[bytes], offset: Sequence[int] | int) -> LineBatch:
        derived = LineBatch.__new__(LineBatch)
        derived._lines, derived._chunk, derived._ends, derived._offset = lines, self._chunk, self._ends, offset
        return derived

    def select(self, indices: Sequence[int]) -> MetricBatch:
        lines, base = self._lines, self._offset
        offset = [base + i for i in indices] if isinstance(base, int) else [base[i] for i in indices]
        return self._derive([lines[i] for i in indices], offset)

    def slice(self, start: int, stop: int) -> MetricBatch:
        base = self._offset
        return self._derive(self._lines[start:stop], base + start if isinstance(base, int) else base[start:stop])

    def _record_index(self, index: int) -> int:
        base = self._offset
        line = base + index if isinstance(base, int) else base[index]
        return line if self._ends is None else bisect_right(self._ends, line)

    def origin(self, index: int) -> Optional[Record]:
        return None if self._chunk is None else self._chunk.record(self._record_index(index))

    def size(self) -> int:
        return sum(map(len, self._lines)) + 60 * len(self._lines)

    def add_missing_tags(self, tags: Mapping[str, str]) -> MetricBatch:
        return self._derive(add_missing_tags(self._lines, tags), self._offset)

    def set_tags(self, tags: Mapping[str, str]) -> MetricBatch:
        return self._derive(set_tags(self._lines, tags), self._offset)


class JoinedBatch(MetricBatch):
    """Several batches seen as one, so that an output's write may span what came separately."""

    __slots__ = ("_ends", "_parts")

    def __init__(self, parts: Sequence[MetricBatch]) -> None:
        self._parts = parts
        self._ends = list(accumulate(len(part) for part in parts))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[Metric]:
        for part in self._parts:
            yield from part

    @property
    def metrics(self) -> list[Metric]:
        return list(self)

    def encode_lines(
        self, *, uint_support: bool = False, omit_timestamp: bool = False, sort_fields: bool = False
    ) -> list[bytes]:
        lines: list[bytes] = []
        for part in self._parts:
            lines += part.encode_lines(
                uint_support=uint_support, omit_timestamp=omit_timestamp, sort_fields=sort_fields
            )
        return lines

    def _find(self, index: int) -> tuple[int, int]:
        part = bisect_right(self._ends, index)
        return part, index - (self._ends[part - 1] if part else 0)

    def select(self, indices: Sequence[int]) -> MetricBatch:
        runs: list[tuple[int, list[int]]] = []
        for index in indices:
            part, inner = self._find(index)
            if not runs or runs[-1][0] != part:
                runs.append((part, []))
            runs[-1][1].append(inner)
        return JoinedBatch([self._parts[part].select(inner) for part, inner in runs])

    def slice(self, start: int, stop: int) -> MetricBatch:
        return self.select(range(start, min(stop, len(self))))

    def origin(self, index: int) -> Optional[Record]:
        part, inner = self._find(index)
        return self._parts[part].origin(inner)

    def size(self) -> int:
        return sum(part.size() for part in self._parts)

    def add_missing_tags(self, tags: Mapping[str, str]) -> MetricBatch:
        return JoinedBatch([part.add_missing_tags(tags) for part in self._parts])

    def set_tags(self, tags: Mapping[str, str]) -> MetricBatch:
        return JoinedBatch([part.set_tags(tags) for part in self._parts])


def join(parts: Sequence[MetricBatch]) -> MetricBatch:
    """The parts as one batch; a single part as it is."""
    return parts[0] if len(parts) == 1 else JoinedBatch(parts)
