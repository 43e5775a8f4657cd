"""Metrics too long for one line of line protocol."""

from __future__ import annotations

from typing import Any

from pyagent import FieldValue, Metric
from pyagent.line_protocol import encode_field, encode_metric, escape_key

__all__ = ["split_metric"]


def split_metric(
    metric: Metric, most: int, uint_support: bool, omit_timestamp: bool, log: Any, *, sort_fields: bool = False
) -> list[bytes]:
    """The metric's fields over several lines, without line ends, each shorter than ``most`` bytes.

    A field that needs more by itself is left out, with an error in ``log``.
    """

    def line(fields: dict[str, FieldValue]) -> bytes:
        return encode_metric(Metric(metric.name, fields, metric.tags, metric.time), uint_support, omit_timestamp, False)

    room = most - 1 - (len(line({"f": True})) - len("f=true"))
    lines: list[bytes] = []
    taken: dict[str, FieldValue] = {}
    used = 0
    for name in sorted(metric.fields) if sort_fields else metric.fields:
        text = encode_field(metric.fields[name], uint_support)
        if text is None or not name:
            continue
        size = len(f"{escape_key(name)}={text}".encode("utf-8", "surrogateescape"))
        if size > room:
            log.error("field %r of %r needs a line of more than %d bytes; it is left out", name, metric.name, most)
            continue
        if taken and used + 1 + size > room:
            lines.append(line(taken))
            taken, used = {}, 0
        used += size + (1 if taken else 0)
        taken[name] = metric.fields[name]
    if taken:
        lines.append(line(taken))
    return lines
