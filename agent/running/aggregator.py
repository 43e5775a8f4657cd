"""Runs one aggregator: its windows, what counts to them, and when the originals' deliveries are settled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Optional

from agent.batch import MetricBatch
from agent.config.common import AggregatorCommon
from agent.contracts import Aggregator
from agent.delivery import Delivery
from agent.filters import make_filter
from agent.metric import Metric
from agent.stats import PluginStatistics

__all__ = ["RunningAggregator"]

Publish = Callable[[MetricBatch, Optional[Delivery]], None]


class RunningAggregator:
    """One aggregator with its window.

    With ``drop_original`` the deliveries of what went into a window are held until its results are settled.
    """

    def __init__(
        self,
        plugin: Aggregator[Any],
        common: AggregatorCommon,
        publish: Publish,
        *,
        round_interval: bool,
        precision: int,
        stats: PluginStatistics,
    ) -> None:
        self.plugin = plugin
        self.identity = plugin.identity
        self.drop_original = common.drop_original
        self._common = common
        self._filter = make_filter(common)
        self._publish = publish
        self._precision = max(precision, 1)
        self._statistics = stats
        self._lock = threading.Lock()
        self._held: list[Delivery] = []
        now = time.time_ns()
        period = max(int(common.period), 1)
        self._start = now // period * period if round_interval else now
        self._end = self._start + period
        self._period = period

    def add(self, metric: Metric) -> bool:
        """Take a metric in; True if its original is to be dropped. Call :meth:`hold` for its delivery then."""
        if not self._filter.selects(metric):
            return False
        if self._filter.has_modifiers:
            metric = metric.copy()
            if not self._filter.modify(metric):
                return self.drop_original
        common = self._common
        with self._lock:
            if metric.time is None or not self._start - common.grace <= metric.time <= self._end + common.delay:
                self._statistics.count("metrics_dropped")  # a declared rule: out of the window
            else:
                self.plugin.add(metric)
        return self.drop_original

    def hold(self, delivery: Delivery) -> None:
        """The delivery's metrics are in the window: it is settled with the window's results."""
        with self._lock:
            if not self._held or self._held[-1] is not delivery:
                delivery.hold()
                self._held.append(delivery)

    def seconds_to_push(self) -> float:
        """How long until the window ends."""
        return (self._end - time.time_ns()) / 1e9

    def push(self) -> None:
        """End the window: publish its results and begin the next."""
        with self._lock:
            now = time.time_ns()
            self._start, self._end = self._end, self._end + self._period
            if now >= self._end:  # the clock jumped, or the machine slept
                self._start = now // self._period * self._period
                self._end = self._start + self._period
            metrics = [self._finish(metric, now) for metric in self.plugin.push()]
            self.plugin.reset()
            held, self._held = self._held, []
        delivery = None
        if held:

            def settled(_: Delivery) -> None:
                for contributor in held:
                    contributor.release()

            delivery = Delivery(settled)
        if metrics:
            self._statistics.count("metrics_pushed", len(metrics))
            self._publish(MetricBatch(metrics), delivery)
        if delivery is not None:
            delivery.release()

    def _finish(self, metric: Metric, now: int) -> Metric:
        common = self._common
        if metric.time is None:
            metric.time = (now + self._precision // 2) // self._precision * self._precision
        metric.name = f"{common.name_prefix}{common.name_override or metric.name}{common.name_suffix}"
        for key, value in common.tags.items():
            metric.tags.setdefault(key, value)
        return metric
