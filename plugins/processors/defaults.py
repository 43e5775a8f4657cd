"""Sets fields and tags that are missing or blank."""

from __future__ import annotations

from typing import Any

from pyagent import ConfigError, Metric, Processor, config, option


@config
class DefaultsConfig:
    """Options of ``processors.defaults``."""

    fields: dict[str, Any] = option("Fields to set, with their values.", default={})
    tags: dict[str, str] = option("Tags to set, with their values.", default={})


class Defaults(Processor[DefaultsConfig]):
    """A text that is empty or blank counts as missing."""

    def init(self) -> None:
        for key, value in self.config.fields.items():
            if not isinstance(value, (str, int, float)):
                raise ConfigError(f"has {key!r} with a value that no field can hold", key="fields")

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        for metric in metrics:
            for key, value in self.config.fields.items():
                own = metric.fields.get(key)
                if own is None or (isinstance(own, str) and not own.strip()):
                    metric.fields[key] = value
            for key, text in self.config.tags.items():
                if not metric.tags.get(key, "").strip():
                    metric.tags[key] = text
        return metrics
