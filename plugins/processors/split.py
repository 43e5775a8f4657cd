"""Splits a metric into several."""

from __future__ import annotations

from pyagent import ConfigError, Metric, Processor, compile_globs, config, option


@config
class TemplateConfig:
    """One ``[[processors.split.template]]``."""

    name: str = option("Name of the new metric.", default="")
    tags: list[str] = option("Tags (globs) that it takes.", default=[])
    fields: list[str] = option("Fields (globs) that it takes; without any there is no new metric.", default=[])


@config
class SplitConfig:
    """Options of ``processors.split``."""

    drop_original: bool = option("Do not pass the metric itself.", default=False)
    template: list[TemplateConfig] = option("The new metrics.", default=[])


class Split(Processor[SplitConfig]):
    """One new metric for each template that finds a field."""

    def init(self) -> None:
        self._templates = []
        for table in self.config.template:
            fields = compile_globs(table.fields)
            if not table.name or fields is None:
                raise ConfigError("has a table without name or fields", key="template")
            self._templates.append((table.name, compile_globs(table.tags), fields))
        if not self._templates:
            raise ConfigError("is missing: there is nothing to split into", key="template")

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        made = []
        for metric in metrics:
            if not self.config.drop_original:
                made.append(metric)
            for name, tags, fields in self._templates:
                found = {key: value for key, value in metric.fields.items() if fields(key)}
                if found:
                    kept = {key: value for key, value in metric.tags.items() if tags is not None and tags(key)}
                    made.append(Metric(name, found, kept, metric.time, metric.origin))
        return made
