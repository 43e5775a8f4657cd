"""The smallest and the largest value of each field."""

from __future__ import annotations

from collections.abc import Iterator

from plugins.common.series import BySeries, numbers
from pyagent import Aggregator, Metric, NoConfig


class MinMax(Aggregator[NoConfig]):
    """``<field>_min`` and ``<field>_max``, floats, of each series."""

    def init(self) -> None:
        self._series: BySeries[dict[str, list[float]]] = BySeries(dict)

    def add(self, metric: Metric) -> None:
        found = self._series.of(metric)
        for key, value in numbers(metric):
            ends = found.get(key)
            if ends is None:
                found[key] = [value, value]
            else:
                ends[0], ends[1] = min(ends[0], value), max(ends[1], value)

    def push(self) -> Iterator[Metric]:
        for name, tags, found in self._series.items():
            fields = {}
            for key, (low, high) in found.items():
                fields[f"{key}_min"], fields[f"{key}_max"] = low, high
            if fields:
                yield Metric(name, dict(fields), tags)

    def reset(self) -> None:
        self._series.clear()
