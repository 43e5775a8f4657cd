"""Passes or drops metrics by rules."""

from __future__ import annotations

from pyagent import ConfigError, Metric, Processor, compile_globs, config, option


@config
class RuleConfig:
    """One ``[[processors.filter.rule]]``: every condition that is given must hold."""

    name: list[str] = option("Names (globs).", default=[])
    tags: dict[str, list[str]] = option("Tags with globs for their values; each must match.", default={})
    fields: list[str] = option("Fields (globs); one is enough.", default=[])
    action: str = option("What to do with metrics that match.", default="drop", choices=("pass", "drop"))


@config
class FilterConfig:
    """Options of ``processors.filter``."""

    rule: list[RuleConfig] = option("Rules; the first that matches decides.", default=[])
    default: str = option("What to do where no rule matches.", default="pass", choices=("pass", "drop"))


class Filter(Processor[FilterConfig]):
    """The first rule of which all conditions hold decides."""

    def init(self) -> None:
        self._rules = []
        for rule in self.config.rule:
            if not rule.name and not rule.tags and not rule.fields:
                raise ConfigError("has a table without any condition", key="rule")
            tags = [(tag, compile_globs(globs)) for tag, globs in rule.tags.items()]
            self._rules.append((compile_globs(rule.name), tags, compile_globs(rule.fields), rule.action == "pass"))

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        return [metric for metric in metrics if self._passes(metric)]

    def _passes(self, metric: Metric) -> bool:
        for name, tags, fields, passes in self._rules:
            if name is not None and not name(metric.name):
                continue
            if not all(tag in metric.tags and match is not None and match(metric.tags[tag]) for tag, match in tags):
                continue
            if fields is not None and not any(map(fields, metric.fields)):
                continue
            return passes
        return self.config.default == "pass"
