"""Sets names and tags."""

from __future__ import annotations

from pyagent import Metric, Processor, config, option


@config
class OverrideConfig:
    """Options of ``processors.override``."""

    name_override: str = option("Replaces the name.", default="")
    name_prefix: str = option("Put before the name.", default="")
    name_suffix: str = option("Put after the name.", default="")
    tags: dict[str, str] = option("Tags to set; they overwrite.", default={})


class Override(Processor[OverrideConfig]):
    """Sets name, prefix, suffix and tags of every metric."""

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        options = self.config
        for metric in metrics:
            metric.name = f"{options.name_prefix}{options.name_override or metric.name}{options.name_suffix}"
            metric.tags.update(options.tags)
        return metrics
