"""Runs one processor over batches: selection, order, containment of its errors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, Optional

from agent.config.common import ProcessorCommon
from agent.contracts import Processor
from agent.dead_letters.letter import DeadPoint
from agent.delivery import Delivery
from agent.errors import ProcessorError
from agent.filters import make_filter
from agent.line_protocol.encode import encode_metric
from agent.metric import Metric
from agent.record import Record
from agent.stats import PluginStatistics

__all__ = ["Guilty", "RunningProcessor"]

#: Reports metrics that could not be processed: (identity, stage, their records and what is wrong).
Guilty = Callable[[str, str, "list[tuple[Record | None, DeadPoint]]"], None]


class RunningProcessor:
    """One processor of the chain. Several inputs' threads share it, one at a time."""

    def __init__(
        self, plugin: Processor[Any], common: ProcessorCommon, distribution: str, stats: PluginStatistics
    ) -> None:
        self.plugin = plugin
        self.identity = plugin.identity
        self._filter = make_filter(common)
        self._distribution = distribution
        self._statistics = stats
        self._lock = threading.Lock()
        self._kept: list[Delivery] = []

    def hold(self, delivery: Optional[Delivery]) -> None:
        """After ``apply``: the delivery waits for what the processor keeps, or lets go of those that waited."""
        with self._lock:
            if self.plugin.keeps():
                if delivery is not None and (not self._kept or self._kept[-1] is not delivery):
                    delivery.hold()
                    self._kept.append(delivery)
                return
            kept, self._kept = self._kept, []
        if kept and delivery is not None:
            delivery.then_release(kept)
        else:  # what came out goes on untracked
            for waiting in kept:
                waiting.release()

    def apply(self, metrics: list[Metric], guilty: Guilty) -> list[Metric]:
        """What the processor makes of the metrics; those it does not select pass by it unchanged, in order."""
        if not self._filter.has_selectors:
            return self._run(metrics, guilty)
        result: list[Metric] = []
        for selected, group in groupby(metrics, key=self._filter.selects):
            run = list(group)
            result += self._run(run, guilty) if selected else run
        return result

    def _run(self, metrics: list[Metric], guilty: Guilty) -> list[Metric]:
        if self._filter.has_modifiers:
            metrics = [metric for metric in metrics if self._filter.modify(metric)]
        if not metrics:
            return metrics
        self._statistics.count("metrics_processed", len(metrics))
        origin = metrics[0].origin
        originals = list(metrics)
        # The processor may have changed a metric before it raised: without copies there is no telling what from.
        spare = [metric.copy() for metric in metrics]
        try:
            with self._lock:
                made = self.plugin.apply(metrics)
        except ProcessorError as error:
            self._report({i: reason for i, reason in error.rejected.items() if 0 <= i < len(spare)}, spare, guilty)
            made = error.metrics
        except Exception as error:
            made = self._one_by_one(spare, error, guilty)
        if made is None or not isinstance(made, list):
            made = list(made or ())
        if origin is not None and (made is not originals):
            for metric in made:
                if metric.origin is None:
                    metric.origin = origin
        return made

    def _one_by_one(self, metrics: list[Metric], error: Exception, guilty: Guilty) -> list[Metric]:
        """A bug in the processor concerns the metrics that it stumbles over, not their neighbours."""
        self.plugin.log.debug("%s raised; its metrics are tried one by one", self.identity, exc_info=error)
        made: list[Metric] = []
        for metric in metrics:
            try:
                with self._lock:
                    made += self.plugin.apply([metric.copy()])
            except Exception as one:
                reason = f"{type(one).__name__}: {one} (raised by {self.identity} of {self._distribution})"
                self._report({0: reason}, [metric], guilty)
        return made

    def _report(self, rejected: dict[int, str], metrics: Sequence[Metric], guilty: Guilty) -> None:
        self._statistics.count("errors", len(rejected))
        guilty(
            self.identity,
            "process",
            [
                (
                    metrics[i].origin.record if metrics[i].origin is not None else None,
                    DeadPoint(reason, metric=encode_metric(metrics[i], True, False, False).decode("utf-8", "replace")),
                )
                for i, reason in rejected.items()
            ],
        )
