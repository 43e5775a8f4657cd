"""Line protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyagent import Metric, MetricBatch, Serializer, config, option
from pyagent.line_protocol import encode_field, encode_metric, escape_key


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
                for part in ([line] if len(line) < most else self._split(metrics[i], most))
            ]
        return b"".join([line + b"\n" for line in lines if line])

    def _split(self, metric: Metric, most: int) -> Iterator[bytes]:
        """The metric's fields over several lines, each with its line end within ``most`` bytes."""
        options = self.config
        uint, omit = options.influx_uint_support, options.influx_omit_timestamp
        bare = len(encode_metric(Metric(metric.name, {"": True, "f": True}, metric.tags, metric.time), uint, omit, False))
        room = most - 1 - (bare - len("f=true"))
        names = sorted(metric.fields) if options.influx_sort_fields else list(metric.fields)
        taken: dict[str, object] = {}
        used = 0
        for name in names:
            text = encode_field(metric.fields[name], uint)
            if text is None or not name:
                continue
            size = len(f"{escape_key(name)}={text}".encode("utf-8", "surrogateescape"))
            if size > room:
                self.log.error(
                    "field %r of %r needs a line of more than influx_max_line_bytes = %d; it is left out",
                    name, metric.name, most,
                )
                continue
            if taken and used + 1 + size > room:
                yield encode_metric(Metric(metric.name, taken, metric.tags, metric.time), uint, omit, False)  # type: ignore[arg-type]
                taken, used = {}, 0
            used += size + (1 if taken else 0)
            taken[name] = metric.fields[name]
        if taken:
            yield encode_metric(Metric(metric.name, taken, metric.tags, metric.time), uint, omit, False)  # type: ignore[arg-type]
