"""Quantiles of each field."""

from __future__ import annotations

import math
from collections.abc import Iterator

from plugins.common.series import BySeries, numbers
from pyagent import Aggregator, ConfigError, Metric, config, option


@config
class QuantileConfig:
    """Options of ``aggregators.quantile``."""

    quantiles: list[float] = option("Which, from 0 to 1.", default=[0.25, 0.5, 0.75])
    algorithm: str = option(
        "t-digest: small, close enough. exact R7, exact R8: all values are kept, as Hyndman and Fan number the rules.",
        default="t-digest",
        choices=("t-digest", "exact R7", "exact R8"),
    )
    compression: float = option("For t-digest: more is more exact and larger.", default=100.0)


class _Digest:
    """A merging t-digest (Dunning, Ertl: Computing extremely accurate quantiles using t-digests, 2019)."""

    def __init__(self, compression: float) -> None:
        self._compression = compression
        self._centroids: list[tuple[float, float]] = []  # mean, weight; sorted by mean
        self._buffer: list[float] = []
        self._most = int(8 * max(compression, 10))
        self._min, self._max = math.inf, -math.inf

    def add(self, value: float) -> None:
        self._buffer.append(value)
        self._min, self._max = min(self._min, value), max(self._max, value)
        if len(self._buffer) >= self._most:
            self._merge()

    def _merge(self) -> None:
        points = sorted([*self._centroids, *((value, 1.0) for value in self._buffer)])
        self._buffer = []
        total = sum(weight for _, weight in points)
        if not total:
            return
        merged: list[tuple[float, float]] = []
        mean, weight = points[0]
        before, limit = 0.0, total * self._next(0.0)
        for value, more in points[1:]:
            if before + weight + more <= limit:
                weight += more
                mean += (value - mean) * more / weight
            else:
                merged.append((mean, weight))
                before += weight
                limit = total * self._next(before / total)
                mean, weight = value, more
        merged.append((mean, weight))
        self._centroids = merged

    def _next(self, q: float) -> float:
        """How far a centroid that begins at quantile ``q`` may reach (scale function k1)."""
        k = self._compression * (math.asin(2 * q - 1) + math.pi / 2) / math.pi + 1
        return (math.sin(min(k, self._compression) * math.pi / self._compression - math.pi / 2) + 1) / 2

    def quantile(self, q: float) -> float:
        self._merge()
        points = self._centroids
        if len(points) == 1:
            return points[0][0]
        total = sum(weight for _, weight in points)
        wanted = q * (total - 1)
        # A centroid stands for the ranks around its middle; between middles lies a straight line. Where each
        # stands for one value, this is rule R7.
        before = 0.0
        last_rank, last_mean = 0.0, self._min
        for mean, weight in points:
            rank = before + (weight - 1) / 2
            if wanted <= rank:
                part = (wanted - last_rank) / (rank - last_rank) if rank > last_rank else 0.0
                return last_mean + (mean - last_mean) * part
            last_rank, last_mean = rank, mean
            before += weight
        part = (wanted - last_rank) / (total - 1 - last_rank) if total - 1 > last_rank else 0.0
        return last_mean + (self._max - last_mean) * min(part, 1.0)


class _Exact:
    """All values."""

    def __init__(self, rule: str) -> None:
        self._values: list[float] = []
        self._rule = rule

    def add(self, value: float) -> None:
        self._values.append(value)

    def quantile(self, q: float) -> float:
        values = self._values
        values.sort()
        size = len(values)
        if size == 1:
            return values[0]
        n = (size - 1) * q if self._rule == "exact R7" else (size + 1 / 3) * q + 1 / 3 - 1
        floor = math.floor(n)
        if floor < 0:
            return values[0]
        if floor >= size - 1:
            return values[-1]
        return values[floor] + (n - floor) * (values[floor + 1] - values[floor])


class Quantile(Aggregator[QuantileConfig]):
    """``<field>_025`` and so on for each series: the quantile's first three digits."""

    def init(self) -> None:
        names = {}
        for q in self.config.quantiles:
            if not 0 <= q <= 1:
                raise ConfigError(f"has {q}, which is not from 0 to 1", key="quantiles")
            names[f"_{int(q * 100):03d}"] = q
        if len(names) < len(self.config.quantiles):
            raise ConfigError("has two that give the same name of a field", key="quantiles")
        if self.config.compression <= 0:
            raise ConfigError("must be positive", key="compression")
        self._names = names
        self._series: BySeries[dict[str, _Digest | _Exact]] = BySeries(dict)

    def add(self, metric: Metric) -> None:
        found = self._series.of(metric)
        for key, value in numbers(metric):
            if key not in found:
                algorithm = self.config.algorithm
                found[key] = _Digest(self.config.compression) if algorithm == "t-digest" else _Exact(algorithm)
            found[key].add(value)

    def push(self) -> Iterator[Metric]:
        for name, tags, found in self._series.items():
            fields = {
                f"{key}{suffix}": sketch.quantile(q)
                for key, sketch in found.items()
                for suffix, q in self._names.items()
            }
            if fields:
                yield Metric(name, dict(fields), tags)

    def reset(self) -> None:
        self._series.clear()
