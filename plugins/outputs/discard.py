"""Takes everything and keeps nothing."""

from __future__ import annotations

from pyagent import MetricBatch, NoConfig, Output


class Discard(Output[NoConfig]):
    """For measuring what comes before an output."""

    def write(self, batch: MetricBatch) -> None:
        """Nothing."""
