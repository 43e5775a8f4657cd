"""Counts how often each value occurs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from plugins.common.series import BySeries
from pyagent import Aggregator, Metric, config, format_float, option


@config
class ValueCounterConfig:
    """Options of ``aggregators.valuecounter``."""

    fields: list[str] = option("Fields whose values to count.", default=[], example=["status"])


class ValueCounter(Aggregator[ValueCounterConfig]):
    """``<field>_<value>`` of each series. Not for fields with many values: each becomes a field."""

    def init(self) -> None:
        self._fields = frozenset(self.config.fields)
        self._series: BySeries[Counter[str]] = BySeries(Counter)

    def add(self, metric: Metric) -> None:
        found = self._series.of(metric)
        for key, value in metric.fields.items():
            if key in self._fields:
                if isinstance(value, bool):
                    text = "true" if value else "false"
                else:
                    text = format_float(value) if isinstance(value, float) else str(value)
                found[f"{key}_{text}"] += 1

    def push(self) -> Iterator[Metric]:
        for name, tags, found in self._series.items():
            if found:
                yield Metric(name, dict(found), tags)

    def reset(self) -> None:
        self._series.clear()
