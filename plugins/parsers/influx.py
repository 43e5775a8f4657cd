"""Line protocol."""

from __future__ import annotations

from pyagent import (
    BadLine,
    ConfigError,
    Duration,
    LineBatch,
    Metric,
    Parsed,
    ParseError,
    Parser,
    RecordChunk,
    config,
    option,
)
from pyagent.line_protocol import parse_lines, valid_block

_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)


@config
class InfluxConfig:
    """Options of ``data_format = "influx"``."""

    influx_timestamp_precision: Duration = option(
        "Unit of the timestamps: 1ns, 1us, 1ms or 1s. Lines without a timestamp get the current time, cut to it.",
        default=Duration(1),
        example="1ns",
    )
    influx_parser_type: str = option(
        'Telegraf\'s choice of implementation. There is one here, which follows "internal".',
        default="internal",
        choices=("", "internal", "upstream"),
    )


class Influx(Parser[InfluxConfig]):
    """Parses line protocol. A bad line does not take its payload's good lines with it."""

    def init(self) -> None:
        if self.config.influx_timestamp_precision not in _UNITS:
            raise ConfigError("is no unit of timestamps: 1ns, 1us, 1ms or 1s", key="influx_timestamp_precision")

    def parse(self, data: bytes) -> list[Metric]:
        metrics, bad = parse_lines(data, self.config.influx_timestamp_precision)
        if bad:
            raise ParseError(_reason(bad), bad, metrics)
        return metrics

    def parse_many(self, chunk: RecordChunk) -> Parsed:
        """Untouched line protocol stays bytes where all payloads of the chunk are surely valid."""
        if self.config.influx_timestamp_precision == 1 and not chunk.rejected and not chunk.skipped:
            payloads = chunk.payloads
            if None not in payloads:
                block = b"\n".join(payloads)  # type: ignore[arg-type]
                if valid_block(block):
                    lines = block.split(b"\n")
                    if not lines[-1]:
                        lines.pop()
                    if len(lines) == len(payloads):
                        return Parsed(LineBatch(lines, chunk, None))
                    counts = [payload.count(b"\n") + 1 for payload in payloads]  # type: ignore[union-attr]
                    if payloads[-1].endswith(b"\n"):  # type: ignore[union-attr]
                        counts[-1] -= 1
                    return Parsed(LineBatch(lines, chunk, counts))
        return super().parse_many(chunk)


def _reason(bad: list[BadLine]) -> str:
    first = f"line {bad[0].line}: {bad[0].reason}"
    return first if len(bad) == 1 else f"{len(bad)} lines do not parse; {first}"
