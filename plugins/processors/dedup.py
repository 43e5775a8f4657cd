"""Drops metrics that repeat the last one of their series."""

from __future__ import annotations

import time

from pyagent import Duration, Metric, Processor, config, option


@config
class DedupConfig:
    """Options of ``processors.dedup``."""

    dedup_interval: Duration = option(
        "Pass a metric on all the same when the last one passed on is older than this.",
        default=Duration(600_000_000_000),
    )


class Dedup(Processor[DedupConfig]):
    """A metric passes if its series is new, a field differs (in value or type), or the interval is over."""

    def init(self) -> None:
        self._last: dict[tuple[object, ...], Metric] = {}
        self._swept = time.monotonic()

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        self._sweep()
        return [metric for metric in metrics if self._passes(metric)]

    def _passes(self, metric: Metric) -> bool:
        key = (metric.name, *sorted(metric.tags.items()))
        last = self._last.get(key)
        if last is None or time.time_ns() - (last.time or 0) > self.config.dedup_interval:
            self._last[key] = metric.copy()
            return True
        for name, value in metric.fields.items():
            if name not in last.fields:
                if metric.time == last.time:
                    break
                continue
            own = last.fields[name]
            if type(own) is not type(value) or own != value:
                break
        else:
            return False
        if metric.time == last.time:
            last.fields.update(metric.fields)
        else:
            self._last[key] = metric.copy()
        return True

    def _sweep(self) -> None:
        """Forget series that would pass anyway: the memory is bounded by what is alive."""
        interval = self.config.dedup_interval
        if (time.monotonic() - self._swept) * 1e9 < interval:
            return
        self._swept, now = time.monotonic(), time.time_ns()
        self._last = {key: metric for key, metric in self._last.items() if now - (metric.time or 0) <= interval}
