"""Counts values by buckets."""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from collections.abc import Iterator
from typing import Optional

from plugins.common.series import BySeries
from pyagent import Aggregator, ConfigError, Duration, Metric, Uint, config, format_float, option


@config
class BucketsConfig:
    """One ``[[aggregators.histogram.config]]``."""

    measurement_name: str = option("The metrics that it is for.", default="")
    fields: list[str] = option("Their fields; empty: all.", default=[])
    buckets: list[float] = option("Upper bounds, inclusive; an infinite one is added.", default=[])


@config
class HistogramConfig:
    """Options of ``aggregators.histogram``."""

    config: list[BucketsConfig] = option("What to count.", default=[])
    reset: bool = option("Begin at zero in each window.", default=False)
    cumulative: bool = option("Buckets include the smaller ones; false: they do not, and have a tag gt.", default=True)
    expiration_interval: Duration = option("Forget series that are silent for so long; 0: never.", default=Duration(0))
    push_only_on_update: bool = option("Emit only series that had a value in the window.", default=False)


class _Counts:
    def __init__(self) -> None:
        self.fields: dict[str, tuple[list[float], list[int]]] = {}
        self.updated = False
        self.seen = time.monotonic()


class Histogram(Aggregator[HistogramConfig]):
    """A metric for each bucket, with the tag ``le`` and the count in ``<field>_bucket``."""

    def init(self) -> None:
        for table in self.config.config:
            if not table.measurement_name or not table.buckets:
                raise ConfigError("has a table without measurement_name or buckets", key="config")
        self._series: BySeries[_Counts] = BySeries(_Counts)

    def _buckets(self, name: str, field: str) -> Optional[list[float]]:
        for table in self.config.config:
            if table.measurement_name == name and (not table.fields or field in table.fields):
                return sorted(table.buckets)
        return None

    def add(self, metric: Metric) -> None:
        for key, value in metric.fields.items():
            if isinstance(value, (str, bool, Uint)):
                continue
            bounds = self._buckets(metric.name, key)
            if bounds is None:
                continue
            found = self._series.of(metric)
            counts = found.fields.setdefault(key, (bounds, [0] * (len(bounds) + 1)))[1]
            counts[bisect_left(bounds, float(value))] += 1
            found.updated, found.seen = True, time.monotonic()

    def push(self) -> Iterator[Metric]:
        for name, tags, found in self._series.items():
            if self.config.push_only_on_update and not found.updated:
                continue
            found.updated = False
            by_bounds: dict[tuple[str, str], dict[str, int]] = {}
            for key, (bounds, counts) in found.fields.items():
                total, below = 0, "-Inf"
                for bound, count in zip([*bounds, math.inf], counts):
                    total += count
                    le = "+Inf" if math.isinf(bound) else format_float(float(bound))
                    own = by_bounds.setdefault((below, le), {})
                    own[f"{key}_bucket"] = total if self.config.cumulative else count
                    if not self.config.cumulative:
                        below = le
            for (gt, le), fields in by_bounds.items():
                extra = {"le": le} if self.config.cumulative else {"gt": gt, "le": le}
                yield Metric(name, dict(fields), {**tags, **extra})

    def reset(self) -> None:
        if self.config.reset:
            self._series.clear()
        elif self.config.expiration_interval:
            kept: BySeries[_Counts] = BySeries(_Counts)
            for name, tags, found in self._series.items():
                if time.monotonic() - found.seen < self.config.expiration_interval.seconds:
                    kept.of(Metric(name, {}, tags)).__dict__.update(found.__dict__)
            self._series = kept
