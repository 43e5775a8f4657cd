"""The agent's own figures as metrics."""

from __future__ import annotations

import resource
from collections.abc import Iterator

from pyagent import Input, Metric, Snapshot, config, option

#: Kind of figures to the measurement that Telegraf's users look for.
_MEASUREMENTS = {
    "agent": "internal_agent",
    "inputs": "internal_gather",
    "outputs": "internal_write",
    "processors": "internal_process",
    "aggregators": "internal_aggregate",
    "lag": "internal_kafka_lag",
    "series": "internal_series",
}


@config
class InternalConfig:
    """Options of ``inputs.internal``."""

    collect_memstats: bool = option("Report the process's peak memory and CPU time.", default=True)
    collect_gostats: bool = option("Telegraf's; there is no Go runtime here.", default=False, deprecated="leave it out")
    per_instance: bool = option("Telegraf's; instances are always told apart by their alias here.", default=False)


class Internal(Input[InternalConfig]):
    """Reports per plugin rates, errors, buffer fill, consumer lag and series counts."""

    def gather(self) -> Iterator[Metric]:
        for figures in self.statistics():
            yield self._metric(figures)
        if self.config.collect_memstats:
            usage = resource.getrusage(resource.RUSAGE_SELF)
            yield Metric(
                "internal_memstats",
                {"peak_rss_bytes": usage.ru_maxrss * 1024, "cpu_seconds": usage.ru_utime + usage.ru_stime},
            )

    @staticmethod
    def _metric(figures: Snapshot) -> Metric:
        tags = dict(figures.tags)
        kind = {"inputs": "input", "outputs": "output", "processors": "processor", "aggregators": "aggregator"}
        if figures.kind == "agent":
            tags["component"] = figures.name
        else:
            tags[kind.get(figures.kind, "input")] = figures.name
        if figures.alias:
            tags["alias"] = figures.alias
        return Metric(_MEASUREMENTS.get(figures.kind, f"internal_{figures.kind}"), dict(figures.values), tags)
