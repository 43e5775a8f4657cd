"""Checks one plugin's table: each key belongs to exactly one of common options, plugin, parser or serializer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from agent.config.common import AggregatorCommon, InputCommon, OutputCommon, ProcessorCommon
from agent.config.env import EnvText, NumberText
from agent.config.model import FormatTable, PluginTable
from agent.config.sources import Document
from agent.config.structure import Finding, keys_of, structure
from agent.errors import ConfigProblem, PluginError
from agent.registry import Registry, nearest
from agent.values import Duration

__all__ = ["COMMON", "check_table"]

COMMON: dict[str, type] = {
    "inputs": InputCommon,
    "processors": ProcessorCommon,
    "aggregators": AggregatorCommon,
    "outputs": OutputCommon,
}

#: Telegraf takes these in every table, also where they do nothing.
_TAKEN_ANYWHERE = frozenset(
    [
        "alias",
        "always_include_local_tags",
        "buffer_strategy",
        "buffer_directory",
        "buffer_disk_sync",
        "collection_jitter",
        "collection_offset",
        "data_format",
        "data_type",
        "delay",
        "drop",
        "drop_original",
        "fielddrop",
        "fieldexclude",
        "fieldinclude",
        "fieldpass",
        "flush_interval",
        "flush_jitter",
        "grace",
        "id",
        "influx_parser_type",
        "interval",
        "labels",
        "log_level",
        "lvm",
        "metric_batch_size",
        "metric_buffer_limit",
        "name_override",
        "name_prefix",
        "name_suffix",
        "namedrop",
        "namedrop_separator",
        "namepass",
        "namepass_separator",
        "order",
        "pass",
        "period",
        "precision",
        "startup_error_behavior",
        "tagdrop",
        "tagexclude",
        "taginclude",
        "tagpass",
        "tags",
    ]
)


def check_table(
    document: Document,
    kind: str,
    path: tuple[Any, ...],
    table: Mapping[str, Any],
    registry: Registry,
    problems: list[ConfigProblem],
    warnings: list[str],
) -> Optional[PluginTable]:
    """Check a plugin's table.

    Args:
        document: The file.
        kind: ``inputs`` …
        path: Of the table: section (``plugins`` is an older word for inputs), name and, in an array, index.
        table: Its content.
        registry: Where plugins come from.
        problems: Gets everything that is wrong.
        warnings: Gets what should be known.

    Returns:
        The checked table, or None if there are problems.
    """
    return _Table(document, kind, path, table, registry, problems, warnings).check()


class _Table:
    def __init__(
        self,
        document: Document,
        kind: str,
        path: tuple[Any, ...],
        table: Mapping[str, Any],
        registry: Registry,
        problems: list[ConfigProblem],
        warnings: list[str],
    ) -> None:
        self.document, self.path, self.table, self.registry = document, path, table, registry
        self.problems, self.warnings = problems, warnings
        self.kind, self.name = kind, str(path[1])
        self.before = len(problems)

    def check(self) -> Optional[PluginTable]:
        try:
            plugin = self.registry.load(self.kind, self.name)
            distribution = self.registry.describe(self.kind, self.name).distribution
        except PluginError as error:
            self.problem(str(error))
            return None
        format_kind = "parsers" if getattr(plugin, "uses_parser", False) else ""
        format_kind = format_kind or ("serializers" if getattr(plugin, "uses_serializer", False) else "")
        format_name, format_class = self._format(format_kind, plugin)
        format_known = not format_kind or format_class is not None

        common_keys = keys_of(COMMON[self.kind])
        plugin_keys = keys_of(plugin.Config)
        format_keys = keys_of(format_class.Config) if format_class else {}
        parts: dict[str, dict[str, Any]] = {"common": {}, "plugin": {}, "format": {}}
        for key, value in self.table.items():
            if key in common_keys:
                parts["common"][key] = self._lenient(value)
            elif key in plugin_keys:
                parts["plugin"][key] = value
            elif key in format_keys:
                parts["format"][key] = value
            elif key == "data_format" and format_kind:
                continue
            else:
                self._stray(key, value, [*common_keys, *plugin_keys, *format_keys], format_known, format_kind)
        common = self._structure(COMMON[self.kind], parts["common"])
        config = self._structure(plugin.Config, parts["plugin"])
        format_table = None
        if format_class is not None:
            format_table = FormatTable(format_name, format_class, self._structure(format_class.Config, parts["format"]))
        if common is not None:
            self._rules(plugin, common)
        if len(self.problems) > self.before or common is None or config is None:
            return None
        place = self.document.places.locate(self.path)
        return PluginTable(
            kind=self.kind,
            name=self.name,
            plugin=plugin,
            config=config,
            common=common,
            given=frozenset(self.table),
            parser=format_table if format_kind == "parsers" else None,
            serializer=format_table if format_kind == "serializers" else None,
            distribution=distribution,
            file=self.document.file,
            line=place.line,
            header=place.header,
            key_lines={key: self.document.places.locate((*self.path, key)).line for key in self.table},
        )

    def _format(self, format_kind: str, plugin: Any) -> tuple[str, Any]:
        """Name and class of the parser or serializer; the class is None if there is none or it is unknown."""
        if not format_kind:
            return "", None
        name = self.table.get("data_format", "") or plugin.default_data_format
        if not isinstance(name, str):
            self.problem(f"data_format: {name!r} is no text", "data_format")
            return "", None
        try:
            return str(name), self.registry.load(format_kind, str(name))
        except PluginError as error:
            self.problem(f"data_format: {error}", "data_format")
            return str(name), None

    def _lenient(self, value: Any) -> Any:
        # Telegraf reads "5" and "true" for the common numbers and booleans; text options are not touched by this.
        return NumberText(value) if isinstance(value, str) and not isinstance(value, EnvText) else value

    def _stray(self, key: str, value: Any, known: list[str], format_known: bool, format_kind: str) -> None:
        """A key that nobody takes."""
        if key == "metricpass":
            self.problem("metricpass is not supported yet; use namepass, tagpass or a processor", key)
        elif key == "buffer_strategy" and value not in ("", "memory"):
            self.problem('buffer_strategy: only "memory" is supported yet', key)
        elif key == "labels":
            self.warn(key, '"labels" has no effect: there is no --select')
        elif key in _TAKEN_ANYWHERE:
            self.warn(key, f'"{key}" has no effect on {self.kind}.{self.name}')
        elif format_known:
            if format_kind:
                known = [*known, "data_format"]
            self.problem(f'unknown option "{key}"{nearest(key, known) or self._of_format(key, format_kind)}', key)

    def _of_format(self, key: str, format_kind: str) -> str:
        """A hint where the key is an option of another format, as far as its name tells."""
        if not format_kind:
            return ""
        for name in self.registry.names(format_kind):
            if key.startswith(f"{name}_"):
                return f'; it looks like an option of data_format = "{name}"'
        return ""

    def _structure(self, cls: type, part: Mapping[str, Any]) -> Any:
        made = structure(cls, part)
        for finding in made.warnings:
            self.warn(finding.path, finding.message)
        for finding in made.problems:
            self._found(finding)
        return made.value

    def _rules(self, plugin: Any, common: Any) -> None:
        """What types cannot say of the common options."""
        if getattr(common, "dead_letter", False) and not plugin.takes_dead_letters:
            self.problem(f"dead_letter: outputs.{self.name} cannot store dead letters; outputs.file can", "dead_letter")
        for key in ("interval", "collection_jitter", "flush_interval", "flush_jitter", "flush_linger", "precision",
                    "delay", "grace", "metric_batch_size", "metric_buffer_limit", "collection_offset"):  # fmt: skip
            value = getattr(common, key, None)
            if value is not None and value < 0:
                self.problem(f"{key}: {_shown(value)} is negative", key)
        if isinstance(common, AggregatorCommon) and common.period <= 0:
            self.problem(f"period: {common.period} is not positive", "period")

    def _found(self, finding: Finding) -> None:
        path = (*self.path, *finding.path)
        key = next((part for part in finding.path if isinstance(part, str)), "")
        self.problems.append(self.document.problem(finding.message, path, key))

    def problem(self, message: str, key: str = "") -> None:
        self.problems.append(self.document.problem(message, (*self.path, key) if key else self.path, key))

    def warn(self, key: Any, message: str) -> None:
        path = (*self.path, *((key,) if isinstance(key, str) else key))
        self.warnings.append(str(self.document.problem(message, path)))


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, Duration) else repr(value)
