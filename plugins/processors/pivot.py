"""Makes a field of a tag's value."""

from __future__ import annotations

from pyagent import ConfigError, Metric, Processor, config, option


@config
class PivotConfig:
    """Options of ``processors.pivot``."""

    tag_key: str = option("The tag whose value names the new field.", default="", example="name")
    value_key: str = option("The field whose value it takes.", default="", example="value")


class Pivot(Processor[PivotConfig]):
    """``m,name=idle value=5`` becomes ``m idle=5``. Metrics without the tag or the field pass unchanged."""

    def init(self) -> None:
        for key in ("tag_key", "value_key"):
            if not getattr(self.config, key):
                raise ConfigError("is empty", key=key)

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        tag, value = self.config.tag_key, self.config.value_key
        for metric in metrics:
            if tag in metric.tags and value in metric.fields:
                metric.fields[metric.tags.pop(tag)] = metric.fields.pop(value)
        return metrics
