"""Count, sum, mean, spread and change of each field."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Optional

from plugins.common.series import BySeries, numbers
from pyagent import Aggregator, FieldValue, Metric, config, option

_DEFAULT = ("count", "min", "max", "mean", "s2", "stdev")


@config
class BasicStatsConfig:
    """Options of ``aggregators.basicstats``."""

    stats: Optional[list[str]] = option(
        "Which to emit: count, min, max, mean, s2, stdev (these unless set), sum, first, last, diff, non_negative_diff, "
        "rate, non_negative_rate, percent_change, interval.",
        default=None,
        example=list(_DEFAULT),
    )


class _Field:
    """Running figures of one field (Welford's for the variance)."""

    __slots__ = ("count", "first", "first_time", "last", "last_time", "m2", "max", "mean", "min", "sum")

    def __init__(self, value: float, moment: int) -> None:
        self.count = 1
        self.min = self.max = self.mean = self.sum = self.first = self.last = value
        self.m2 = 0.0
        self.first_time = self.last_time = moment

    def add(self, value: float, moment: int) -> None:
        self.count += 1
        delta = value - self.mean
        self.mean += delta / self.count
        self.m2 += delta * (value - self.mean)
        self.min, self.max = min(self.min, value), max(self.max, value)
        self.sum += value
        self.last, self.last_time = value, moment

    def s2(self) -> Optional[float]:
        return self.m2 / (self.count - 1) if self.count > 1 else None

    def stdev(self) -> Optional[float]:
        return math.sqrt(self.m2 / (self.count - 1)) if self.count > 1 else None

    def diff(self) -> Optional[float]:
        return self.last - self.first if self.count > 1 else None

    def rate(self) -> Optional[float]:
        seconds = (self.last_time - self.first_time) / 1e9
        return (self.last - self.first) / seconds if self.count > 1 and seconds else None

    def percent_change(self) -> Optional[float]:
        return (self.last - self.first) / self.first * 100 if self.count > 1 and self.first else None

    def interval(self) -> Optional[int]:
        return self.last_time - self.first_time if self.count > 1 else None


def _not_negative(value: Optional[float]) -> Optional[float]:
    return value if value is not None and value >= 0 else None


_STATS: dict[str, Callable[[_Field], Optional[FieldValue]]] = {
    "count": lambda f: float(f.count),
    "min": lambda f: f.min,
    "max": lambda f: f.max,
    "mean": lambda f: f.mean,
    "s2": _Field.s2,
    "stdev": _Field.stdev,
    "sum": lambda f: f.sum,
    "first": lambda f: f.first,
    "last": lambda f: f.last,
    "diff": _Field.diff,
    "non_negative_diff": lambda f: _not_negative(f.diff()),
    "rate": _Field.rate,
    "non_negative_rate": lambda f: _not_negative(f.rate()),
    "percent_change": _Field.percent_change,
    "interval": _Field.interval,
}


class BasicStats(Aggregator[BasicStatsConfig]):
    """``<field>_<stat>`` of each series. Changes compare the window's last value with its first."""

    def init(self) -> None:
        wanted = list(_DEFAULT) if self.config.stats is None else self.config.stats
        for name in wanted:
            if name not in _STATS:
                self.log.warning("unknown stat %r is left out; known: %s", name, ", ".join(_STATS))
        self._stats = [(name, _STATS[name]) for name in wanted if name in _STATS]
        self._series: BySeries[dict[str, _Field]] = BySeries(dict)

    def add(self, metric: Metric) -> None:
        found = self._series.of(metric)
        moment = metric.time or 0
        for key, value in numbers(metric):
            field = found.get(key)
            if field is None:
                found[key] = _Field(value, moment)
            else:
                field.add(value, moment)

    def push(self) -> Iterator[Metric]:
        for name, tags, found in self._series.items():
            fields: dict[str, FieldValue] = {}
            for key, field in found.items():
                for stat, read in self._stats:
                    value = read(field)
                    if value is not None:
                        fields[f"{key}_{stat}"] = value
            if fields:
                yield Metric(name, fields, tags)

    def reset(self) -> None:
        self._series.clear()
