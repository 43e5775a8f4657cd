"""The change of fields over time, or over another field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from plugins.common.series import BySeries, numbers
from pyagent import Aggregator, Metric, config, option


@config
class DerivativeConfig:
    """Options of ``aggregators.derivative``."""

    variable: str = option("The field to derive by; empty: the time in seconds.", default="")
    suffix: str = option("Put after the names of the fields; unset: _rate, or _by_<variable>.", default="")
    max_roll_over: int = option("For how many windows without new data a series' last event is kept.", default=10)


class _Span:
    """The first and the last event of a series."""

    def __init__(self) -> None:
        self.first: Optional[tuple[int, dict[str, float]]] = None
        self.last: Optional[tuple[int, dict[str, float]]] = None
        self.rolled = 0


class Derivative(Aggregator[DerivativeConfig]):
    """(last - first) / (span of time or of ``variable``) of each field and series."""

    def init(self) -> None:
        options = self.config
        self._suffix = options.suffix or (f"_by_{options.variable}" if options.variable else "_rate")
        self._series: BySeries[_Span] = BySeries(_Span)

    def add(self, metric: Metric) -> None:
        event = (metric.time or 0, dict(numbers(metric)))
        if self.config.variable and self.config.variable not in event[1]:
            return
        span = self._series.of(metric)
        span.rolled = 0
        if span.first is None or event[0] < span.first[0]:
            span.first = event
        if span.last is None or event[0] > span.last[0]:
            span.last = event

    def push(self) -> Iterator[Metric]:
        variable = self.config.variable
        for name, tags, span in self._series.items():
            if span.first is None or span.last is None or span.first is span.last:
                continue
            start, before = span.first
            end, after = span.last
            width = after[variable] - before[variable] if variable else (end - start) / 1e9
            if not width:
                continue
            fields = {
                f"{key}{self._suffix}": (value - before[key]) / width
                for key, value in after.items()
                if key in before and key != variable
            }
            if fields:
                yield Metric(name, dict(fields), tags)

    def reset(self) -> None:
        kept: BySeries[_Span] = BySeries(_Span)
        for name, tags, span in self._series.items():
            if span.last is None or span.rolled >= self.config.max_roll_over:
                continue
            new = kept.of(Metric(name, {}, tags))
            new.first = new.last = span.last
            new.rolled = span.rolled + 1
        self._series = kept
