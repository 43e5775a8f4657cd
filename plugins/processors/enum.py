"""Maps values to other values."""

from __future__ import annotations

from typing import Any, Optional

from pyagent import ConfigError, FieldValue, Metric, Processor, compile_globs, config, format_float, option


@config
class MappingConfig:
    """One ``[[processors.enum.mapping]]``."""

    fields: list[str] = option("Fields (globs) to map.", default=[])
    tags: list[str] = option("Tags (globs) to map.", default=[])
    field: str = option("One field (glob) to map.", default="", deprecated="use fields")
    tag: str = option("One tag (glob) to map.", default="", deprecated="use tags")
    dest: str = option("Where the result goes; empty: in place.", default="")
    default: Optional[Any] = option("The result where no value fits; unset: unchanged.", default=None)
    value_mappings: dict[str, Any] = option("Text of a value to its result.", default={})


@config
class EnumConfig:
    """Options of ``processors.enum``."""

    mapping: list[MappingConfig] = option("What to map.", default=[])


class Enum(Processor[EnumConfig]):
    """Compares values as text: ``true``, ``42``, ``1.5``."""

    def init(self) -> None:
        self._rules = []
        for table in self.config.mapping:
            fields = compile_globs([*table.fields, *([table.field] if table.field else [])])
            tags = compile_globs([*table.tags, *([table.tag] if table.tag else [])])
            if fields is None and tags is None:
                raise ConfigError("has a table that names neither fields nor tags", key="mapping")
            for text, value in table.value_mappings.items():
                if not isinstance(value, (str, int, float)):
                    raise ConfigError(f"maps {text!r} to {value!r}, which no field can hold", key="mapping")
            self._rules.append((table, fields, tags))

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        for metric in metrics:
            self._one(metric)
        return metrics

    def _one(self, metric: Metric) -> None:
        new_fields: dict[str, FieldValue] = {}
        new_tags: dict[str, str] = {}
        for table, fields, tags in self._rules:
            if fields is not None:
                for key, value in metric.fields.items():
                    if fields(key):
                        result = table.value_mappings.get(_text(value), table.default)
                        if result is not None:
                            new_fields[table.dest or key] = result
            if tags is not None:
                for key, text in metric.tags.items():
                    if tags(key):
                        result = table.value_mappings.get(text, table.default)
                        if result is not None:
                            new_tags[table.dest or key] = _text(result)
        # Only now: what one mapping writes is not mapped again by the next.
        metric.fields.update(new_fields)
        metric.tags.update(new_tags)


def _text(value: FieldValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_float(value) if isinstance(value, float) else str(value)
