"""Joins metrics of one series and time into one."""

from __future__ import annotations

from collections.abc import Iterator

from pyagent import Aggregator, Duration, Metric, config, option


@config
class MergeConfig:
    """Options of ``aggregators.merge``."""

    round_timestamp_to: Duration = option("Round times to this first; 0: keep them.", default=Duration(0))


class Merge(Aggregator[MergeConfig]):
    """Equal name, tags and time: one metric with all fields, later ones winning."""

    def init(self) -> None:
        self._metrics: dict[tuple[object, ...], Metric] = {}

    def add(self, metric: Metric) -> None:
        moment, unit = metric.time or 0, self.config.round_timestamp_to
        if unit:
            moment = (moment + unit // 2) // unit * unit
        key = (metric.name, moment, *sorted(metric.tags.items()))
        found = self._metrics.get(key)
        if found is None:
            copy = metric.copy()
            copy.time = moment
            self._metrics[key] = copy
        else:
            found.fields.update(metric.fields)

    def push(self) -> Iterator[Metric]:
        yield from self._metrics.values()

    def reset(self) -> None:
        self._metrics = {}
