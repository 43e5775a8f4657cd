"""Warns where a replay would not repeat a point but make a second one."""

from __future__ import annotations

from agent.config.model import Config
from agent.contracts import Parser, StreamInput

__all__ = ["replay_warnings"]


def replay_warnings(config: Config) -> list[str]:
    """One warning for each stream input whose metrics get the time of their reading.

    Delivery is at least once: after a crash some records are read again. InfluxDB stores the same point once,
    but a point that takes its time from the clock is another point then.
    """
    found = []
    for table in config.inputs:
        if not issubclass(table.plugin, StreamInput) or table.parser is None:
            continue
        parser = table.parser.plugin
        if not issubclass(parser, Parser):
            continue
        own = parser.times_from_data(table.parser.config) or table.plugin.times_from_record(table.config)
        if not own or getattr(table.common, "time_source", "metric") != "metric":
            found.append(
                f'{table.file}:{table.line}: {table.identity}: with data_format = "{table.parser.name}" as configured, '
                f"points get the time at which they are read; read again after a crash they are stored twice. Take the "
                f'time from the data (for JSON: json_time_key), or from the record (timestamp_source = "inner")'
            )
    for table in config.outputs:
        if getattr(table.config, "influx_omit_timestamp", False):
            found.append(
                f"{table.file}:{table.line}: {table.identity}: influx_omit_timestamp lets the server give points their "
                f"time; a write that is repeated stores them twice"
            )
    return found
