"""JSON objects, flattened into fields."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from plugins.common.timestamps import check_format, parse_timestamp, zone
from pyagent import (
    BadLine,
    ConfigError,
    FieldValue,
    Metric,
    ParseError,
    Parser,
    compile_globs,
    config,
    format_float,
    option,
)

#: Deeper nesting is refused: no metric has it, and following it costs stack.
MOST_DEPTH = 200


@config
class JsonConfig:
    """Options of ``data_format = "json"``."""

    json_query: str = option("GJSON path to the object or array to use.", default="", example="data.points")
    tag_keys: list[str] = option("Flattened keys (globs) that become tags.", default=[])
    json_string_fields: list[str] = option(
        "Flattened keys (globs) whose text or boolean is kept as a field.", default=[]
    )
    json_name_key: str = option("Flattened key with the metric's name.", default="")
    json_time_key: str = option("Flattened key with the metric's time; needs json_time_format.", default="")
    json_time_format: str = option("unix, unix_ms, unix_us, unix_ns, rfc3339 …, or a Go layout.", default="")
    json_timezone: str = option("Time zone of times without one: IANA name or Local; empty: UTC.", default="")
    json_strict: bool = option(
        "Of an array, refuse all if an element is no good; false: only those elements.", default=True
    )
    metric_name: str = option("Name of the metrics; empty: the input's.", default="")


class Json(Parser[JsonConfig]):
    """Every number becomes a float; texts and booleans only where they are asked for.

    Of an object's repeated keys the last counts. NaN, Infinity and numbers beyond a float are refused.
    """

    def init(self) -> None:
        options = self.config
        self._tags = compile_globs(options.tag_keys) or _never
        self._strings = compile_globs(options.json_string_fields) or _never
        if options.json_time_key:
            if not options.json_time_format:
                raise ConfigError("needs json_time_format", key="json_time_key")
            try:
                check_format(options.json_time_format)
                zone(options.json_timezone)
            except ValueError as error:
                raise ConfigError(f"is not usable: {error}", key="json_time_format") from error
        if options.json_query:
            import gjson

            try:
                gjson.GJSON({}).get(options.json_query, quiet=True)
            except Exception as error:
                raise ConfigError(f"is no GJSON path: {error}", key="json_query") from error

    @classmethod
    def times_from_data(cls, config: JsonConfig) -> bool:
        return bool(config.json_time_key)

    def parse(self, data: bytes) -> list[Metric]:
        root = self._load(data.strip(b" \t\r\n\v\f\xef\xbb\xbf") if data[:3] == b"\xef\xbb\xbf" else data)
        if root is None:
            return []
        if isinstance(root, dict):
            return [self._metric(root)]
        if not isinstance(root, list):
            raise ParseError("must be an object or an array of objects")
        metrics, bad = [], []
        for index, element in enumerate(root):
            if not isinstance(element, dict):
                raise ParseError(f"element {index + 1} of the array is no object")
            try:
                metrics.append(self._metric(element))
            except ParseError as error:
                bad.append(BadLine(index + 1, f"element {index + 1}: {error.reason}"))
        if bad:
            raise ParseError(bad[0].reason, bad, metrics)
        return metrics

    def _load(self, data: bytes) -> Any:
        text = data.strip()
        if not text:
            return None
        try:
            root = _loads(text)
        except (ValueError, RecursionError) as error:
            reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise ParseError(f"no JSON: {reason}") from None
        if self.config.json_query and root is not None:
            root = self._query(root)
        return root

    def _query(self, root: Any) -> Any:
        import gjson

        try:
            return gjson.GJSON(root).get(self.config.json_query, quiet=True)
        except Exception as error:
            raise ParseError(f"json_query: {error}") from None

    def _metric(self, element: dict[str, Any]) -> Metric:
        options = self.config
        values = dict(_flatten(element, "", 0))
        name = options.metric_name or self.default_name
        stamp = None
        if options.json_name_key:
            found = values.get(options.json_name_key)
            if isinstance(found, str) and found:
                name = found
        if options.json_time_key:
            if options.json_time_key not in values:
                raise ParseError(f'json_time_key "{options.json_time_key}" is missing')
            raw = values.pop(options.json_time_key)
            try:
                stamp = parse_timestamp(raw, options.json_time_format, options.json_timezone)
            except ValueError as error:
                raise ParseError(f'json_time_key "{options.json_time_key}": {error}') from None
        tags: dict[str, str] = {}
        fields: dict[str, FieldValue] = {}
        for key, value in values.items():
            if self._tags(key):
                tags[key] = _tag(value)
            elif isinstance(value, (bool, str)):
                if self._strings(key):
                    fields[key] = value
            else:
                fields[key] = _float(value, key)
        return Metric(name, fields, tags, stamp)


def _never(_: str) -> bool:
    return False


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def _number(text: str) -> Any:
    # Decimal keeps what a float would lose of a time such as 1700000000.123456789.
    return Decimal(text)


_DECODER = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_no_constant)


def _loads(data: bytes) -> Any:
    return _DECODER.decode(data.decode("utf-8"))


def _flatten(value: Any, key: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Keys joined by ``_``, array elements by their index; nulls are left out."""
    if depth > MOST_DEPTH:
        raise ParseError(f"nested more than {MOST_DEPTH} deep")
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flatten(inner, f"{key}_{name}" if key else name, depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flatten(inner, f"{key}_{index}" if key else str(index), depth + 1)
    elif value is not None:
        yield key, value


def _float(value: Any, key: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ParseError(f'the number of "{key}" is beyond a float')
    return number


def _tag(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return format_float(_float(value, "a tag"))
