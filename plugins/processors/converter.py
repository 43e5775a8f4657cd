"""Changes the types of fields, and makes tags of fields and fields of tags."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Callable
from typing import Any, Optional

from plugins.common.timestamps import check_format, parse_timestamp
from pyagent import ConfigError, FieldValue, Metric, Processor, Uint, compile_globs, config, format_float, option

_INT_MIN, _INT_MAX, _UINT_MAX = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1
_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))


@config
class TagsConfig:
    """``[processors.converter.tags]``: tags (globs) to convert. The first list that has one decides."""

    measurement: list[str] = option("Become the metric's name.", default=[])
    string: list[str] = option("Become text fields.", default=[])
    integer: list[str] = option("Become integer fields.", default=[])
    unsigned: list[str] = option("Become unsigned fields.", default=[])
    boolean: list[str] = option("Become boolean fields.", default=[])
    float: list[str] = option("Become float fields.", default=[])
    timestamp: list[str] = option("Become the metric's time.", default=[])
    timestamp_format: str = option("How the time is written: unix, unix_ms …, rfc3339 …, or a Go layout.", default="")
    tag: list[str] = option("Does nothing.", default=[])


@config
class FieldsConfig:
    """``[processors.converter.fields]``: fields (globs) to convert. The first list that has one decides."""

    measurement: list[str] = option("Become the metric's name.", default=[])
    tag: list[str] = option("Become tags.", default=[])
    float: list[str] = option("Become floats.", default=[])
    integer: list[str] = option("Become integers.", default=[])
    unsigned: list[str] = option("Become unsigned integers.", default=[])
    boolean: list[str] = option("Become booleans.", default=[])
    string: list[str] = option("Become texts.", default=[])
    timestamp: list[str] = option("Become the metric's time.", default=[])
    timestamp_format: str = option("How the time is written: unix, unix_ms …, rfc3339 …, or a Go layout.", default="")
    base64_ieee_float32: list[str] = option("Texts: base64 of a 32-bit float, most significant byte first.", default=[])


@config
class ConverterConfig:
    """Options of ``processors.converter``."""

    tags: Optional[TagsConfig] = option("Tags to convert.", default=None)
    fields: Optional[FieldsConfig] = option("Fields to convert.", default=None)


def _clip(number: int, low: int, high: int) -> int:
    return min(max(number, low), high)


def _rounded(value: float) -> int:
    if math.isnan(value):
        raise ValueError("not a number")
    if math.isinf(value):
        return _UINT_MAX + 1 if value > 0 else _INT_MIN - 1
    return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)


def _whole(value: FieldValue) -> int:
    if isinstance(value, str):
        try:
            return int(value, 16) if value.lower().lstrip("+-").startswith("0x") else int(value, 10)
        except ValueError:
            return _rounded(float(value))
    return _rounded(value) if isinstance(value, float) else int(value)


def _integer(value: FieldValue) -> int:
    return _clip(_whole(value), _INT_MIN, _INT_MAX)


def _unsigned(value: FieldValue) -> Uint:
    return Uint(_clip(_whole(value), 0, _UINT_MAX))


def _float(value: FieldValue) -> float:
    if isinstance(value, str) and value.lower().startswith("0x"):
        return float(int(value, 16))
    return float(value)


def _boolean(value: FieldValue) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
        raise ValueError("no boolean")
    return value > 0


def _string(value: FieldValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_float(value) if isinstance(value, float) else str(value)


def _float32(value: FieldValue) -> float:
    if not isinstance(value, str):
        raise TypeError("no text")
    (number,) = struct.unpack(">f", base64.b64decode(value, validate=True))
    return float(number)


_CONVERSIONS: dict[str, Callable[[FieldValue], FieldValue]] = {
    "float": _float,
    "integer": _integer,
    "unsigned": _unsigned,
    "boolean": _boolean,
    "string": _string,
    "base64_ieee_float32": _float32,
}
_TAG_ORDER = ("measurement", "string", "integer", "unsigned", "boolean", "float", "timestamp")
_FIELD_ORDER = (
    "measurement", "tag", "float", "integer", "unsigned", "boolean", "string", "timestamp", "base64_ieee_float32",
)  # fmt: skip


class Converter(Processor[ConverterConfig]):
    """Converts; what cannot be is logged and left out, save a time, which stays where it was."""

    def init(self) -> None:
        self._tags = self._rules(self.config.tags, _TAG_ORDER, "tags")
        self._fields = self._rules(self.config.fields, _FIELD_ORDER, "fields")
        #: Key to kind: the globs are asked once for each key.
        self._tag_kinds: dict[str, str] = {}
        self._field_kinds: dict[str, str] = {}

    @staticmethod
    def _rules(table: Any, order: tuple[str, ...], key: str) -> list[tuple[str, Callable[[str], bool]]]:
        if table is None:
            return []
        if table.timestamp:
            try:
                check_format(table.timestamp_format)
            except ValueError as error:
                raise ConfigError(f"has an unusable timestamp_format: {error}", key=key) from error
        compiled = ((kind, compile_globs(getattr(table, kind))) for kind in order)
        return [(kind, match) for kind, match in compiled if match is not None]

    @staticmethod
    def _kind(key: str, rules: list[tuple[str, Callable[[str], bool]]], known: dict[str, str]) -> str:
        kind = known.get(key)
        if kind is None:
            kind = next((kind for kind, match in rules if match(key)), "")
            if len(known) < 10_000:  # keys may come from data
                known[key] = kind
        return kind

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        for metric in metrics:
            if self._tags:
                self._convert_tags(metric)
            if self._fields:
                self._convert_fields(metric)
        return metrics

    def _convert_tags(self, metric: Metric) -> None:
        for key in list(metric.tags):
            kind = self._kind(key, self._tags, self._tag_kinds)
            if not kind:
                continue
            value = metric.tags[key]
            if kind == "timestamp":
                if not self._set_time(metric, value, self.config.tags):
                    continue
            elif kind == "measurement":
                metric.name = value
            else:
                self._set_field(metric, key, kind, value)
            del metric.tags[key]

    def _convert_fields(self, metric: Metric) -> None:
        for key in list(metric.fields):
            kind = self._kind(key, self._fields, self._field_kinds)
            if not kind:
                continue
            value = metric.fields[key]
            if kind == "timestamp":
                if self._set_time(metric, value, self.config.fields):
                    del metric.fields[key]
            elif kind in ("measurement", "tag"):
                del metric.fields[key]
                if kind == "tag":
                    metric.tags[key] = _string(value)
                else:
                    metric.name = _string(value)
            else:
                self._set_field(metric, key, kind, value)

    def _set_field(self, metric: Metric, key: str, kind: str, value: FieldValue) -> None:
        try:
            metric.fields[key] = _CONVERSIONS[kind](value)
        except (ValueError, TypeError, OverflowError, struct.error) as error:
            metric.fields.pop(key, None)
            self.log.error("%s %r of %r cannot be %s, it is left out: %s", key, value, metric.name, kind, error)

    def _set_time(self, metric: Metric, value: FieldValue, table: Any) -> bool:
        try:
            metric.time = parse_timestamp(value, table.timestamp_format)
        except ValueError as error:
            self.log.error("converting %r of %r to a time failed: %s", value, metric.name, error)
            return False
        return True
