"""The last metric of every series."""

from __future__ import annotations

import time
from collections.abc import Iterator

from pyagent import Aggregator, Duration, Metric, config, option


@config
class FinalConfig:
    """Options of ``aggregators.final``."""

    output_strategy: str = option(
        "timeout: a series comes out when it has been silent for series_timeout. periodic: at every push.",
        default="timeout",
        choices=("timeout", "periodic"),
    )
    series_timeout: Duration = option("When a series is over.", default=Duration(300_000_000_000))
    keep_original_field_names: bool = option("Do not add _final to the names of the fields.", default=False)


class Final(Aggregator[FinalConfig]):
    """Passes on each series' last metric, with its own time."""

    def init(self) -> None:
        self._last: dict[tuple[object, ...], Metric] = {}

    def add(self, metric: Metric) -> None:
        series = (metric.name, *sorted(metric.tags.items()))
        self._last[series] = metric.copy()

    def push(self) -> Iterator[Metric]:
        over = time.time_ns() - self.config.series_timeout
        periodic = self.config.output_strategy == "periodic"
        for key, metric in list(self._last.items()):
            if not periodic and (metric.time or 0) > over:
                continue
            del self._last[key]
            if not self.config.keep_original_field_names:
                metric.fields = {f"{name}_final": value for name, value in metric.fields.items()}
            yield metric

    def reset(self) -> None:
        """Series outlive windows: nothing to do."""
