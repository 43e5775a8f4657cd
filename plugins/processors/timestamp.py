"""Rewrites a field that holds a time."""

from __future__ import annotations

from plugins.common.timestamps import check_format, format_timestamp, parse_timestamp, zone
from pyagent import ConfigError, Metric, Processor, config, option

_UNIX = {"unix": 10**9, "unix_ms": 10**6, "unix_us": 10**3, "unix_ns": 1}


@config
class TimestampConfig:
    """Options of ``processors.timestamp``."""

    field: str = option("The field.", default="", example="timestamp")
    source_timestamp_format: str = option("How it is written: unix …, rfc3339 …, or a Go layout.", default="")
    source_timestamp_timezone: str = option("Its time zone where it names none.", default="")
    destination_timestamp_format: str = option("How to write it: unix … (an integer) or a Go layout.", default="")
    destination_timestamp_timezone: str = option("The time zone to write it in.", default="")


class Timestamp(Processor[TimestampConfig]):
    """What is no such time is logged and stays."""

    def init(self) -> None:
        options = self.config
        for key in ("field", "source_timestamp_format", "destination_timestamp_format"):
            if not getattr(options, key):
                raise ConfigError("is empty", key=key)
        try:
            for layout in (options.source_timestamp_format, options.destination_timestamp_format):
                check_format(layout)
            zone(options.source_timestamp_timezone)
            zone(options.destination_timestamp_timezone)
        except ValueError as error:
            raise ConfigError(f"is not usable: {error}", key="source_timestamp_format") from error

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        options = self.config
        unit = _UNIX.get(options.destination_timestamp_format)
        for metric in metrics:
            value = metric.fields.get(options.field)
            if value is None:
                continue
            try:
                moment = parse_timestamp(value, options.source_timestamp_format, options.source_timestamp_timezone)
            except ValueError as error:
                self.log.error("field %r of %r stays as it is: %s", options.field, metric.name, error)
                continue
            metric.fields[options.field] = (
                moment // unit
                if unit is not None
                else format_timestamp(
                    moment, options.destination_timestamp_format, options.destination_timestamp_timezone
                )
            )
        return metrics
