"""Changes values and names by regular expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

from plugins.common.patterns import Pattern, compile_pattern
from pyagent import ConfigError, Metric, Processor, compile_globs, config, option


@config
class ValueConfig:
    """One ``[[processors.regex.tags]]`` or ``[[processors.regex.fields]]``."""

    key: str = option("The tag or field (glob) whose text to look at.", default="")
    pattern: str = option("RE2. Values that it does not find are left alone.", default="")
    replacement: Optional[str] = option("What stands for each match: $1, ${1}, ${name}.", default=None)
    result_key: str = option("Where the result goes; empty: in place.", default="")
    append: bool = option("Append the result to what result_key has.", default=False)


@config
class RenameConfig:
    """One ``[[processors.regex.tag_rename]]``, ``field_rename`` or ``metric_rename``."""

    pattern: str = option("RE2. Names that it does not find are left alone.", default="")
    replacement: str = option("What stands for each match.", default="")
    result_key: str = option(
        "If the new name is there already: keep it, or overwrite it.", default="keep", choices=("", "keep", "overwrite")
    )


@config
class RegexConfig:
    """Options of ``processors.regex``. The kinds run in this order."""

    tags: list[ValueConfig] = option("Change the values of tags.", default=[])
    fields: list[ValueConfig] = option("Change the values of text fields.", default=[])
    tag_rename: list[RenameConfig] = option("Change the names of tags.", default=[])
    field_rename: list[RenameConfig] = option("Change the names of fields.", default=[])
    metric_rename: list[RenameConfig] = option("Change the names of metrics.", default=[])


class Regex(Processor[RegexConfig]):
    """With neither replacement nor result_key, every named group becomes a tag or field of its own."""

    def init(self) -> None:
        options = self.config
        self._values = [
            (kind, *self._value(table, kind)) for kind in ("tags", "fields") for table in getattr(options, kind)
        ]
        self._renames = [
            (kind, self._pattern(table.pattern, kind), table)
            for kind in ("tag_rename", "field_rename", "metric_rename")
            for table in getattr(options, kind)
        ]

    @staticmethod
    def _pattern(text: str, key: str) -> Pattern:
        if not text:
            raise ConfigError("has a table without pattern", key=key)
        try:
            return compile_pattern(text)
        except ValueError as error:
            raise ConfigError(f'has "{text}", which is no regular expression: {error}', key=key) from error

    def _value(self, table: ValueConfig, kind: str) -> tuple[Callable[[str], bool], Pattern, ValueConfig]:
        match = compile_globs([table.key]) if table.key else None
        if match is None:
            raise ConfigError("has a table without key", key=kind)
        pattern = self._pattern(table.pattern, kind)
        if table.replacement is None and not table.result_key and not pattern.all_named:
            raise ConfigError("has a pattern with unnamed groups, and neither replacement nor result_key", key=kind)
        return match, pattern, table

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        for metric in metrics:
            for kind, match, pattern, table in self._values:
                values: dict[str, Any] = metric.tags if kind == "tags" else metric.fields
                for key in [key for key, value in values.items() if isinstance(value, str) and match(key)]:
                    self._change(values, key, pattern, table)
            for kind, pattern, rename in self._renames:
                if kind == "metric_rename":
                    if pattern.search(metric.name):
                        metric.name = pattern.sub(rename.replacement, metric.name)
                elif kind == "tag_rename":
                    self._rename(metric.tags, pattern, rename)
                else:
                    self._rename(metric.fields, pattern, rename)
        return metrics

    @staticmethod
    def _change(values: dict[str, Any], key: str, pattern: Pattern, table: ValueConfig) -> None:
        value = values[key]
        if not pattern.search(value):
            return
        if table.replacement is None and not table.result_key:
            values.update({name: text for name, text in pattern.groups(value).items() if text})
            return
        result = pattern.sub(table.replacement or "", value)
        target = table.result_key or key
        if table.append and isinstance(values.get(target), str):
            result = values[target] + result
        values[target] = result

    @staticmethod
    def _rename(values: dict[str, Any], pattern: Pattern, table: RenameConfig) -> None:
        for key in list(values):
            if not pattern.search(key):
                continue
            name = pattern.sub(table.replacement, key)
            if name == key or (name in values and table.result_key != "overwrite"):
                continue
            values[name] = values.pop(key)
