"""What every processor promises."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Union

from agent.errors import ProcessorError
from agent.kits.plugin import PluginContract
from agent.metric import Metric, Uint
from agent.record import Origin, Record, RecordChunk

__all__ = ["ProcessorContract"]


class ProcessorContract(PluginContract):
    """Contract of a processor."""

    def metrics(self) -> list[Metric]:
        """What it is given: by default every type at its edges, odd names, no tags, no time; each with its origin."""
        chunk = RecordChunk([Record(b"x", topic="t", partition=0, offset=i) for i in range(4)])
        return [
            Metric("m", {"v": 1.5, "n": 3, "u": Uint(2**64 - 1), "s": "x", "b": True}, {"host": "a"}, 1, Origin(chunk, 0)),
            Metric("m", {"v": math.nan, "n": 2**63 - 1, "i": -math.inf, "s": ""}, {}, 0, Origin(chunk, 1)),
            Metric("m n,=\u00b5", {"": "no name", "s": "\x00\n\\"}, {"": "", "k v": "\U0001f600"}, -(2**63), Origin(chunk, 2)),
            Metric("m", {"v": 1.5}, {"host": "a"}, None, Origin(chunk, 3)),
        ]  # fmt: skip

    def applied(self, processor: Any, metrics: list[Metric]) -> list[Metric]:
        """What it passes on; ProcessorError is its right, and must name metrics that it was given."""
        count = len(metrics)
        try:
            made: Union[list[Metric], Iterable[Metric]] = processor.apply(metrics)
        except ProcessorError as error:
            assert all(0 <= index < count and reason.strip() for index, reason in error.rejected.items()), (
                error.rejected
            )
            made = error.metrics
        assert isinstance(made, list), f"apply must return a list, not {type(made).__name__}"
        return made

    def test_nothing_gives_nothing(self, tmp_path: Path) -> None:
        processor = self.make(tmp_path)
        processor.open()
        try:
            assert self.applied(processor, []) == []
        finally:
            processor.close()

    def test_what_it_passes_on_are_metrics_of_those_records(self, tmp_path: Path) -> None:
        processor = self.make(tmp_path)
        processor.open()
        try:
            given = self.metrics()
            origins = {id(metric.origin) for metric in given}
            for metric in self.applied(processor, given):
                assert isinstance(metric, Metric), metric
                assert metric.origin is None or id(metric.origin) in origins, f"a stranger's origin: {metric}"
                assert all(isinstance(v, (float, int, str, bool)) for v in metric.fields.values()), metric
                assert all(type(k) is str and type(v) is str for k, v in metric.tags.items()), metric
        finally:
            processor.close()
