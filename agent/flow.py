"""The middle of the way: processors, aggregators, and one buffer per output."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Optional

from agent.batch import MetricBatch
from agent.dead_letters.group import group_letters
from agent.dead_letters.letter import DeadPoint
from agent.dead_letters.writer import DeadLetterWriter
from agent.delivery import Delivery
from agent.record import Record
from agent.running.aggregator import RunningAggregator
from agent.running.output import RunningOutput
from agent.running.processor import RunningProcessor

__all__ = ["Flow"]


class Flow:
    """Takes batches from inputs and hands them to every output's buffer.

    Args:
        processors: Before the aggregators, in order.
        processors_again: The chain that aggregates go through; empty: none.
        outputs: All outputs but those for dead letters.
        dead_letters: Where metrics go that a processor refuses.
    """

    def __init__(
        self,
        processors: Sequence[RunningProcessor],
        processors_again: Sequence[RunningProcessor],
        outputs: Sequence[RunningOutput],
        dead_letters: DeadLetterWriter,
    ) -> None:
        self._processors = processors
        self._processors_again = processors_again
        self.outputs = outputs
        self.aggregators: list[RunningAggregator] = []
        self._dead_letters = dead_letters
        self._order = threading.Lock()

    def publish(self, batch: MetricBatch, delivery: Optional[Delivery]) -> None:
        """Send a batch on its way. Returns when every output's buffer has it; ``delivery`` tells the rest."""
        batch = self._process(self._processors, batch, delivery)
        if self.aggregators and len(batch):
            batch = self._aggregate(batch, delivery)
        self._to_outputs(batch, delivery)

    def publish_aggregates(self, batch: MetricBatch, delivery: Optional[Delivery]) -> None:
        """Send an aggregator's results on: through the second chain, past the aggregators."""
        self._to_outputs(self._process(self._processors_again, batch, delivery), delivery)

    def _process(
        self, chain: Sequence[RunningProcessor], batch: MetricBatch, delivery: Optional[Delivery]
    ) -> MetricBatch:
        if not chain or not len(batch):
            return batch

        def guilty(identity: str, stage: str, points: list[tuple[Optional[Record], DeadPoint]]) -> None:
            if delivery is not None:
                delivery.hold()
            self._dead_letters.submit(
                group_letters(identity, stage, points), delivery.release if delivery is not None else None
            )

        metrics = batch.metrics
        for processor in chain:
            metrics = processor.apply(metrics, guilty)
            processor.hold(delivery)
        return MetricBatch(metrics)

    def _aggregate(self, batch: MetricBatch, delivery: Optional[Delivery]) -> MetricBatch:
        kept = []
        for metric in batch:
            drop = False
            for aggregator in self.aggregators:
                if aggregator.add(metric):
                    drop = True
                    if delivery is not None:
                        aggregator.hold(delivery)
            if not drop:
                kept.append(metric)
        return MetricBatch(kept)

    def _to_outputs(self, batch: MetricBatch, delivery: Optional[Delivery]) -> None:
        if len(batch):
            for output in self.outputs:
                output.add(batch, delivery)

    def urge(self) -> None:
        """An input waits for deliveries: outputs write what they have now."""
        for output in self.outputs:
            output.urge()
