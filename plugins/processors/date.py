"""Writes a metric's time into a tag or field."""

from __future__ import annotations

from plugins.common.timestamps import format_timestamp, zone
from pyagent import ConfigError, Duration, Metric, Processor, config, option

_UNIX = {"unix": 10**9, "unix_ms": 10**6, "unix_us": 10**3, "unix_ns": 1}


@config
class DateConfig:
    """Options of ``processors.date``."""

    tag_key: str = option("The tag to write; either this or field_key.", default="")
    field_key: str = option("The field to write.", default="")
    date_format: str = option("A Go layout; for fields also unix, unix_ms, unix_us, unix_ns.", default="")
    date_offset: Duration = option("Added to the time.", default=Duration(0))
    timezone: str = option("Time zone: IANA name, Local or UTC.", default="UTC")


class Date(Processor[DateConfig]):
    """Adds parts of the time, such as the month."""

    def init(self) -> None:
        options = self.config
        if bool(options.tag_key) == bool(options.field_key):
            raise ConfigError("and field_key: give exactly one of them", key="tag_key")
        if not options.date_format:
            raise ConfigError("is empty", key="date_format")
        try:
            zone(options.timezone)
        except ValueError as error:
            raise ConfigError(f"is not usable: {error}", key="timezone") from error

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        options = self.config
        unit = _UNIX.get(options.date_format)
        for metric in metrics:
            moment = (metric.time or 0) + options.date_offset
            if options.tag_key:
                metric.tags[options.tag_key] = format_timestamp(moment, options.date_format, options.timezone)
            elif unit is None:
                metric.fields[options.field_key] = format_timestamp(moment, options.date_format, options.timezone)
            else:
                # Go's division goes towards zero for milli- and microseconds, down for seconds.
                whole = moment // unit if unit == 10**9 or moment >= 0 else -(-moment // unit)
                metric.fields[options.field_key] = whole
        return metrics
