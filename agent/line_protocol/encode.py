"""Metrics to line protocol, by the rules of Telegraf's influx serializer."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from functools import lru_cache

from agent.metric import FieldValue, Metric, Uint

__all__ = ["encode_field", "encode_metric", "escape_key", "escape_name", "format_float"]

_INT64_MAX = (1 << 63) - 1
_NAME = str.maketrans({"\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r", ",": r"\,", " ": r"\ "})
_KEY = str.maketrans({"\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r", ",": r"\,", " ": r"\ ", "=": r"\="})
_PLAIN_STRING = re.compile(r'[^"\\]*\Z').match


# Names repeat from metric to metric; the caches are bounded since tag values may not.
@lru_cache(maxsize=4096)
def escape_name(name: str) -> str:
    """A measurement's name as line protocol has it."""
    return name.translate(_NAME)


@lru_cache(maxsize=16384)
def escape_key(key: str) -> str:
    """A tag key, tag value or field key as line protocol has it."""
    return key.translate(_KEY)


def format_float(value: float) -> str:
    """The shortest digits that give the same float back, never with an exponent."""
    text = repr(value)
    if text.endswith(".0"):
        return text[:-2]
    return format(Decimal(text), "f") if "e" in text else text


def encode_field(value: FieldValue, uint_support: bool) -> str | None:
    """A field's value as line protocol has it; None where it has no form there (NaN, infinities)."""
    kind = type(value)
    if kind is float:
        return format_float(value) if math.isfinite(value) else None  # type: ignore[arg-type]
    if kind is int:
        return f"{value}i"
    if kind is str:
        if _PLAIN_STRING(value):  # type: ignore[arg-type]
            return f'"{value}"'
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'  # type: ignore[union-attr]
    if kind is bool:
        return "true" if value else "false"
    if kind is Uint:
        return f"{int(value)}u" if uint_support else f"{min(int(value), _INT64_MAX)}i"
    return None


def encode_metric(metric: Metric, uint_support: bool, omit_timestamp: bool, sort_fields: bool) -> bytes:
    """One metric as one line without its line end; ``b""`` where nothing of it can be written."""
    head = escape_name(metric.name)
    if not head:
        return b""
    tags = metric.tags
    if tags:
        for key in sorted(tags, key=_utf8) if len(tags) > 1 else tags:
            value = tags[key]
            # A trailing backslash would escape the separator after it.
            key, value = escape_key(key.rstrip("\\")), escape_key(value.rstrip("\\"))
            if key and value:
                head += f",{key}={value}"
    fields = metric.fields
    parts = []
    for key in sorted(fields, key=_utf8) if sort_fields else fields:
        text = encode_field(fields[key], uint_support)
        if text is not None and key:
            # Telegraf writes a field key's trailing backslash as it is, which no server can read.
            escaped = escape_key(key.rstrip("\\") if key[-1] == "\\" else key)
            if escaped:
                parts.append(f"{escaped}={text}")
    if not parts:
        return b""
    line = f"{head} {','.join(parts)}"
    if not omit_timestamp and metric.time is not None:
        line += f" {metric.time}"
    return line.encode("utf-8", "surrogateescape")


def _utf8(text: str) -> bytes | str:
    # Sorting text by code point equals sorting UTF-8 bytes, but for the surrogates of undecodable bytes.
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")
