"""JSON, an object a metric."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from plugins.common.timestamps import format_timestamp
from pyagent import ConfigError, Duration, Metric, Serializer, config, option


@config
class JsonConfig:
    """Options of ``data_format = "json"`` for outputs."""

    json_timestamp_units: Duration = option("Unit of the time; times are cut to it.", default=Duration(1_000_000_000))
    json_timestamp_format: str = option("Write the time as text in this Go layout instead.", default="")
    json_transformation: str = option("A JSONata expression; not supported.", default="")
    json_nested_fields_include: list[str] = option("Not supported.", default=[])
    json_nested_fields_exclude: list[str] = option("Not supported.", default=[])


class Json(Serializer[JsonConfig]):
    """Writes ``{"fields":…,"name":…,"tags":…,"timestamp":…}`` and a line end for each metric."""

    def init(self) -> None:
        for key in ("json_transformation", "json_nested_fields_include", "json_nested_fields_exclude"):
            if getattr(self.config, key):
                raise ConfigError("is not supported", key=key)
        if self.config.json_timestamp_units <= 0:
            raise ConfigError("must be positive", key="json_timestamp_units")

    def serialize(self, metrics: Sequence[Metric]) -> bytes:
        return b"".join([self._one(metric) for metric in metrics])

    def _one(self, metric: Metric) -> bytes:
        fields = {
            _text(key): _text(value) if isinstance(value, str) else value
            for key, value in metric.fields.items()
            if not (isinstance(value, float) and not math.isfinite(value))  # JSON has no such number
        }
        stamp: Any = metric.time or 0
        if self.config.json_timestamp_format:
            stamp = format_timestamp(stamp, self.config.json_timestamp_format)
        else:
            stamp //= self.config.json_timestamp_units
        found = {
            "fields": fields,
            "name": _text(metric.name),
            "tags": {_text(key): _text(value) for key, value in metric.tags.items()},
            "timestamp": stamp,
        }
        return json.dumps(found, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def _text(text: str) -> str:
    """Bytes that are no UTF-8 become the replacement character: JSON is UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
