"""Runs a pipeline inside a test and gives back what it would have written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from agent.batch import MetricBatch
from agent.build import build_pipeline
from agent.config.common import OutputCommon
from agent.config.load import load
from agent.config.model import Config, PluginTable
from agent.contracts import Output
from agent.metric import Metric
from agent.options import NoConfig

__all__ = ["CollectingOutput", "collect", "run_config"]


class CollectingOutput(Output[NoConfig]):
    """Keeps what it is given in ``metrics``."""

    def __init__(self, config: Any, log: Any = None, identity: str = "") -> None:
        super().__init__(config, log, identity)
        self.metrics: list[Metric] = []

    def write(self, batch: MetricBatch) -> None:
        self.metrics += batch.metrics


def collect(config: Config, *, wait: float = 0.0) -> tuple[int, list[Metric]]:
    """Run a checked configuration once, with its outputs replaced by one that collects.

    Args:
        config: From ``agent.config.load``.
        wait: Seconds given to stream inputs.

    Returns:
        The exit code and the metrics, in the order in which they were written.
    """
    collecting = CollectingOutput(NoConfig())

    def same(config: Any, log: Any = None, identity: str = "") -> CollectingOutput:
        collecting.log = log
        return collecting

    table = PluginTable(
        kind="outputs",
        name="collect",
        plugin=same,  # type: ignore[arg-type]
        config=NoConfig(),
        common=OutputCommon(),
        given=frozenset(),
    )
    pipeline = build_pipeline(attrs.evolve(config, outputs=[table]), mode="once", test_wait=wait)
    return pipeline.run(), collecting.metrics


def run_config(files: Sequence[str], *, directory: Path, arguments: Sequence[str] = ()) -> tuple[int, list[Metric]]:
    """Load ``files`` with ``directory`` as the working directory and :func:`collect`.

    Raises:
        ConfigError: The configuration is refused.
    """
    before = Path.cwd()
    os.chdir(directory)
    try:
        directories = [arguments[i + 1] for i, word in enumerate(arguments) if word == "--config-directory"]
        more = [arguments[i + 1] for i, word in enumerate(arguments) if word == "--config"]
        return collect(load([*files, *more], directories))
    finally:
        os.chdir(before)
