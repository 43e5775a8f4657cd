"""Runs one polled input: its schedule, its metrics' way, its errors."""

from __future__ import annotations

import math
import random
import threading
import time
from typing import Any, Optional

from agent.batch import MetricBatch
from agent.contracts import Input, Parser
from agent.dead_letters.group import group_letters
from agent.dead_letters.letter import DeadPoint
from agent.dead_letters.writer import DeadLetterWriter
from agent.flow import Flow
from agent.metric import Metric
from agent.record import Record, RecordChunk
from agent.running.intake import Intake
from agent.stats import PluginStatistics

__all__ = ["RunningInput"]

_BATCH = 1000


class RunningInput:
    """One polled input with its thread.

    Args:
        interval, jitter, offset: Seconds.
        aligned: Collect at multiples of the interval since the epoch.
    """

    def __init__(
        self,
        plugin: Input[Any],
        parser: Optional[Parser[Any]],
        intake: Intake,
        flow: Flow,
        dead_letters: DeadLetterWriter,
        stats: PluginStatistics,
        *,
        interval: float,
        jitter: float,
        offset: float,
        aligned: bool,
    ) -> None:
        self.plugin = plugin
        self.identity = plugin.identity
        self._parser = parser
        self._intake = intake
        self._flow = flow
        self._dead_letters = dead_letters
        self._statistics = stats
        self._interval, self._jitter, self._offset, self._aligned = interval, jitter, offset, aligned
        self._stop = threading.Event()
        self.thread = threading.Thread(target=self._run, name=self.identity, daemon=True)

    def start(self) -> None:
        """Begin to collect; the plugin is open."""
        self.thread.start()

    def stop(self) -> None:
        """Collect no more."""
        self._stop.set()

    def join(self, timeout: float) -> bool:
        """Wait for a collection that runs; False if it hangs."""
        if self.thread.is_alive():
            self.thread.join(timeout)
        return not self.thread.is_alive()

    def _run(self) -> None:
        due = self._first(time.time())
        while not self._stop.wait(max(0.0, due - time.time() + random.uniform(0, self._jitter))):
            self.gather_once()
            due += self._interval
            now = time.time()
            if due < now:
                missed = int((now - due) // self._interval) + 1
                due += missed * self._interval
                self._statistics.count("gather_timeouts", missed)
                self.plugin.log.warning(
                    "collection took longer than its interval of %g s; %d were left out", self._interval, missed
                )

    def _first(self, now: float) -> float:
        if not self._aligned:
            return now + self._offset
        start = now + self._interval / 100
        return -(-start // self._interval) * self._interval + self._offset

    def gather_once(self) -> bool:
        """Collect now; False if there was an error, which is logged and counted."""
        started, began = time.monotonic(), time.time_ns()
        # A collection's end is known when it is over: its metrics go on together then.
        most = math.inf if self._intake.waits_for_end else _BATCH
        metrics: list[Metric] = []
        fine = True
        try:
            for item in self.plugin.gather():
                if isinstance(item, Record):
                    fine &= self._parse(item, metrics)
                else:
                    metrics.append(item)
                if len(metrics) >= most:
                    self._publish(metrics, began)
                    metrics = []
        except Exception as error:
            fine = False
            self._statistics.count("errors")
            self._statistics.count("gather_errors")
            self.plugin.log.error("error in plugin: %s: %s", type(error).__name__, error)
            self.plugin.log.debug("traceback", exc_info=error)
        self._publish(metrics, began)
        self._statistics.count("gather_time_ns", int((time.monotonic() - started) * 1e9))
        return fine

    def _publish(self, metrics: list[Metric], began: int) -> None:
        if metrics:
            self._flow.publish(self._intake.take_in(MetricBatch(metrics), began, time.time_ns()), None)

    def _parse(self, record: Record, metrics: list[Metric]) -> bool:
        """Parse a record into ``metrics``; its bad lines become a dead letter."""
        if self._parser is None:
            raise TypeError(f"{self.identity} yields records, but takes no data_format (uses_parser is False)")
        parsed = self._parser.parse_many(RecordChunk([record]))
        for metric in parsed.batch:
            if record.name is not None:
                metric.name = record.name
            if record.tags:
                metric.tags.update(record.tags)
            metrics.append(metric)
        points: list[tuple[Optional[Record], DeadPoint]] = []
        for failure in parsed.failures:
            points += [(record, DeadPoint(bad.reason, line=bad.line)) for bad in failure.lines] or [
                (record, DeadPoint(failure.reason))
            ]
        if points:
            self._statistics.count("errors", len(points))
            self._statistics.count("gather_errors")
            self._dead_letters.submit(group_letters(self.identity, "parse", points))
        return not points
