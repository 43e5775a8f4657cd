"""Line protocol."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.common.splitting import split_metric
from pyagent import Metric, MetricBatch, Serializer, config, option


@config
class InfluxConfig:
    """Options of ``data_format = "influx"`` for outputs."""

    influx_max_line_bytes: int = option(
        "Split a metric's fields over several lines rather than write a longer one; 0: never.", default=0
    )
    influx_sort_fields: bool = option("Write fields in the order of their names.", default=False)
    influx_uint_support: bool = option(
        "Write unsigned values as 42u. Off: as integers, at most 9223372036854775807.", default=False
    )
    influx_omit_timestamp: bool = option("Leave the times out; the server takes its own.", default=False)


class Influx(Serializer[InfluxConfig]):
    """Writes line protocol, a line a metric."""

    def serialize(self, metrics: Sequence[Metric]) -> bytes:
        return self.serialize_batch(MetricBatch(metrics))

    def serialize_batch(self, batch: MetricBatch) -> bytes:
        options = self.config
        lines = batch.encode_lines(
            uint_support=options.influx_uint_support,
            omit_timestamp=options.influx_omit_timestamp,
            sort_fields=options.influx_sort_fields,
        )
        most = options.influx_max_line_bytes
        if most and any(len(line) >= most for line in lines):
            metrics = batch.metrics
            lines = [
                part
                for i, line in enumerate(lines)
                for part in ([line] if len(line) < most else self._split(metrics[i]))
            ]
        return b"".join([line + b"\n" for line in lines if line])

    def _split(self, metric: Metric) -> list[bytes]:
        options = self.config
        return split_metric(
            metric,
            options.influx_max_line_bytes,
            options.influx_uint_support,
            options.influx_omit_timestamp,
            self.log,
            sort_fields=options.influx_sort_fields,
        )
