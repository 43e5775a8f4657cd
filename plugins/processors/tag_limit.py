"""Bounds the number of tags."""

from __future__ import annotations

from pyagent import Metric, Processor, config, option


@config
class TagLimitConfig:
    """Options of ``processors.tag_limit``."""

    limit: int = option("Most tags that a metric may have.", default=0)
    keep: list[str] = option("Tags that are never removed.", default=[])


class TagLimit(Processor[TagLimitConfig]):
    """Removes tags in the order of their keys until the limit holds."""

    def init(self) -> None:
        self._keep = frozenset(self.config.keep)
        self._sound = len(self._keep) <= self.config.limit
        if not self._sound:
            self.log.error(
                "%d tags to keep are more than the limit of %d: metrics pass unchanged",
                len(self._keep),
                self.config.limit,
            )

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        for metric in metrics:
            excess = len(metric.tags) - self.config.limit
            if excess > 0 and self._sound:
                for key in [key for key in sorted(metric.tags) if key not in self._keep][:excess]:
                    del metric.tags[key]
        return metrics
