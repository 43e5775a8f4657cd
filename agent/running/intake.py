"""What happens to every metric that an input makes, in Telegraf's order."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Optional

from agent.batch import MetricBatch
from agent.config.common import InputCommon
from agent.filters import make_filter
from agent.metric import Metric
from agent.series import SeriesCounter
from agent.stats import PluginStatistics

__all__ = ["Intake"]


class Intake:
    """Time, selection, name, tags and the choice of fields and tags.

    Args:
        common: The input's common options.
        global_tags: ``[global_tags]`` and ``host``.
        precision: Nanoseconds to round times to; 1: keep them.
        always_local, always_global: ``always_include_local_tags``, ``always_include_global_tags``.
        statistics: Counts ``metrics_gathered`` and ``metrics_filtered``.
        series: Counts series per measurement, if somebody wants to know.
    """

    def __init__(
        self,
        common: InputCommon,
        global_tags: Mapping[str, str],
        precision: int,
        always_local: bool,
        always_global: bool,
        statistics: PluginStatistics,
        series: Optional[SeriesCounter] = None,
    ) -> None:
        self._filter = make_filter(common)
        self._name = (common.name_override, common.name_prefix, common.name_suffix)
        self._tags = {**global_tags, **common.tags}
        self._again: dict[str, str] = {}
        if self._filter.has_modifiers:
            if always_global:
                self._again.update(global_tags)
            if always_local:
                self._again.update(common.tags)
        self._precision = precision
        self._time_source = common.time_source
        self._statistics = statistics
        self._series = series
        #: True: metrics take the time at which their collection ends.
        self.waits_for_end = common.time_source == "collection_end"
        #: True: nothing but tags is added, so that undecoded lines may stay undecoded.
        self.only_tags = (
            self._filter.is_noop and not any(self._name) and precision <= 1 and common.time_source == "metric"
        )

    def take_in(self, batch: MetricBatch, started: Optional[int] = None, ended: Optional[int] = None) -> MetricBatch:
        """The batch as the processors see it. Changes the metrics that it was given.

        Args:
            batch: What the input made.
            started: When its collection began, in nanoseconds since the epoch; None: now.
            ended: When it ended.
        """
        batch = self._take_in(batch, {"collection_start": started, "collection_end": ended})
        if self._series is not None:
            self._series.see(batch)
        return batch

    def _take_in(self, batch: MetricBatch, times: Mapping[str, Optional[int]]) -> MetricBatch:
        self._statistics.count("metrics_gathered", len(batch))
        undecoded = type(batch) is not MetricBatch
        if undecoded and self.only_tags:
            return batch.add_missing_tags(self._tags) if self._tags else batch
        now = time.time_ns()
        if self._time_source != "metric":
            moment = times[self._time_source] or now
            batch = MetricBatch(batch.metrics)
            for metric in batch:
                metric.time = moment
        kept = [metric for metric in batch.metrics if self._one(metric, now)]
        if len(kept) < len(batch):
            self._statistics.count("metrics_filtered", len(batch) - len(kept))
        return MetricBatch(kept)

    def _one(self, metric: Metric, now: int) -> bool:
        if metric.time is None:
            metric.time = now
        if self._precision > 1:
            metric.time = _round(metric.time, self._precision)
        if not metric.fields or not self._filter.selects(metric):
            return False
        override, prefix, suffix = self._name
        metric.name = f"{prefix}{override or metric.name}{suffix}"
        tags = metric.tags
        for key, value in self._tags.items():
            if key not in tags:
                tags[key] = value
        if not self._filter.modify(metric):
            return False
        for key, value in self._again.items():
            tags.setdefault(key, value)
        return True


def _round(time_ns: int, precision: int) -> int:
    """Half away from zero, as Go's time.Round counts from year 1: half up, also before 1970."""
    return (time_ns + precision // 2) // precision * precision
