"""A third party's plugins, on the public API alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pyagent import Input, Metric, MetricBatch, NoConfig, Output, Processor, Retry, config, option


@config
class LoadConfig:
    path: str = option("File to read.", default="/proc/loadavg")


class Load(Input[LoadConfig]):
    """Reads the system's load averages."""

    def gather(self) -> Iterator[Metric]:
        one, five, *_ = Path(self.config.path).read_text().split()
        yield Metric("load", {"one": float(one), "five": float(five)})


class Double(Processor[NoConfig]):
    """Doubles every float."""

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        for metric in metrics:
            metric.fields = {k: v * 2 if isinstance(v, float) else v for k, v in metric.fields.items()}
        return metrics


@config
class LinesConfig:
    path: str = option("File to append to.")


class Lines(Output[LinesConfig]):
    """Appends line protocol to a file."""

    def write(self, batch: MetricBatch) -> None:
        try:
            with Path(self.config.path).open("ab") as file:
                file.write(b"".join(line + b"\n" for line in batch.encode_lines() if line))
        except OSError as error:
            raise Retry(str(error)) from error
