"""Changes texts: case, blanks, prefixes, parts."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from pyagent import ConfigError, Metric, Processor, config, option


@config
class ChangeConfig:
    """One table of ``processors.strings``: what to change, and where the result goes."""

    measurement: str = option("The name to change; * is any.", default="")
    tag: str = option("The tag whose value to change; * is any.", default="")
    tag_key: str = option("The tag whose name to change; * is any.", default="")
    field: str = option("The text field to change; * is any.", default="")
    field_key: str = option("The field whose name to change; * is any.", default="")
    dest: str = option("The tag or field that takes the result; empty: the same.", default="")
    cutset: str = option("For trim…: the characters to remove; empty: blanks.", default="")
    prefix: str = option("For trim_prefix: what to remove.", default="")
    suffix: str = option("For trim_suffix: what to remove.", default="")
    old: str = option("For replace: what to replace.", default="")
    new: str = option("For replace: by what.", default="")
    width: int = option("For left: how many bytes to keep.", default=0)
    replacement: str = option("For valid_utf8: what stands for invalid bytes.", default="")


@config
class StringsConfig:
    """Options of ``processors.strings``. The kinds run in this order, whatever the file's."""

    lowercase: list[ChangeConfig] = option("Small letters.", default=[])
    uppercase: list[ChangeConfig] = option("Capital letters.", default=[])
    titlecase: list[ChangeConfig] = option("The first letter of each word as a capital.", default=[])
    trim: list[ChangeConfig] = option("Without blanks (or cutset) at both ends.", default=[])
    trim_left: list[ChangeConfig] = option("The same at the beginning.", default=[])
    trim_right: list[ChangeConfig] = option("The same at the end.", default=[])
    trim_prefix: list[ChangeConfig] = option("Without a prefix.", default=[])
    trim_suffix: list[ChangeConfig] = option("Without a suffix.", default=[])
    replace: list[ChangeConfig] = option("One text for another, everywhere.", default=[])
    left: list[ChangeConfig] = option("The first bytes only.", default=[])
    base64decode: list[ChangeConfig] = option("Decoded from base64, if that gives text.", default=[])
    valid_utf8: list[ChangeConfig] = option("With invalid bytes replaced.", default=[])


Change = Callable[[str, ChangeConfig], str]
_WORD = re.compile(r"(?:(?<=^)|(?<=\s))\S")
_INVALID = re.compile("[\udc80-\udcff]+")


def _upper(text: str) -> str:
    # Go maps a letter to a letter: ß stays, where Python makes two of it.
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


def _lower(text: str) -> str:
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _replace(text: str, change: ChangeConfig) -> str:
    return (text.replace(change.old, change.new) if change.old else text) or text


def _left(text: str, change: ChangeConfig) -> str:
    return text.encode("utf-8", "surrogateescape")[: change.width].decode("utf-8", "surrogateescape")


def _prefix(text: str, change: ChangeConfig) -> str:
    return text[len(change.prefix) :] if change.prefix and text.startswith(change.prefix) else text


def _suffix(text: str, change: ChangeConfig) -> str:
    return text[: -len(change.suffix)] if change.suffix and text.endswith(change.suffix) else text


def _base64(text: str, change: ChangeConfig) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return text


_CHANGES: dict[str, Change] = {
    "lowercase": lambda text, change: _lower(text),
    "uppercase": lambda text, change: _upper(text),
    "titlecase": lambda text, change: _WORD.sub(lambda match: _upper(match[0]), text),
    "trim": lambda text, change: text.strip(change.cutset or None),
    "trim_left": lambda text, change: text.lstrip(change.cutset or None),
    "trim_right": lambda text, change: text.rstrip(change.cutset or None),
    "trim_prefix": _prefix,
    "trim_suffix": _suffix,
    "replace": _replace,
    "left": _left,
    "base64decode": _base64,
    "valid_utf8": lambda text, change: _INVALID.sub(lambda _: change.replacement, text),
}


class Strings(Processor[StringsConfig]):
    """Each table changes what it names, in the order field, field_key, tag, tag_key, measurement."""

    def init(self) -> None:
        self._steps: list[tuple[Change, ChangeConfig]] = []
        for kind, change in _CHANGES.items():
            for table in getattr(self.config, kind):
                if not any((table.measurement, table.tag, table.tag_key, table.field, table.field_key)):
                    raise ConfigError("has a table that names nothing to change", key=kind)
                self._steps.append((change, table))

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        for metric in metrics:
            for change, table in self._steps:
                self._step(metric, change, table)
        return metrics

    def _step(self, metric: Metric, change: Change, table: ChangeConfig) -> None:
        if table.field:
            self._values(metric.fields, table.field, change, table)
        if table.field_key:
            metric.fields = self._keys(metric.fields, table.field_key, change, table)
        if table.tag:
            self._values(metric.tags, table.tag, change, table)
        if table.tag_key:
            metric.tags = self._keys(metric.tags, table.tag_key, change, table)
        if table.measurement in ("*", metric.name):
            metric.name = change(metric.name, table) or metric.name

    @staticmethod
    def _values(values: dict[str, Any], name: str, change: Change, table: ChangeConfig) -> None:
        for key in list(values) if name == "*" else [name]:
            value = values.get(key)
            if isinstance(value, str):
                values[table.dest if table.dest and name != "*" else key] = change(value, table)

    @staticmethod
    def _keys(values: dict[str, Any], name: str, change: Change, table: ChangeConfig) -> dict[str, Any]:
        return {(change(key, table) or key) if name in ("*", key) else key: value for key, value in values.items()}
