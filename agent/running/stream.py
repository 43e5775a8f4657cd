"""Runs one stream input: polling, parsing, back-pressure, deliveries, commits, rebalances."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from agent.batch import MetricBatch
from agent.budget import MemoryBudget
from agent.contracts import Parsed, Parser, StreamInput
from agent.dead_letters.group import group_letters
from agent.dead_letters.letter import DeadPoint
from agent.dead_letters.writer import DeadLetterWriter
from agent.delivery import Delivery, PositionTracker
from agent.errors import Retry
from agent.flow import Flow
from agent.record import Record, RecordChunk
from agent.running.intake import Intake
from agent.stats import PluginStatistics, Snapshot

__all__ = ["RunningStream"]

_COMMIT_EVERY = 1.0
#: Every so many commits the last position is committed again.
_REPEAT_COMMIT = 30
#: Shorter waits for room are simply not polled through; after this the partitions are paused.
_PAUSE_AFTER = 2.0
_POLL = 0.1


class RunningStream:
    """One stream input with its thread; what the plugin sees of the runtime (``StreamRuntime``)."""

    def __init__(
        self,
        plugin: StreamInput[Any],
        parser: Optional[Parser[Any]],
        intake: Intake,
        flow: Flow,
        dead_letters: DeadLetterWriter,
        budget: MemoryBudget,
        stats: PluginStatistics,
        *,
        commits: bool = True,
        queue_bytes: int = 16 << 20,
    ) -> None:
        self.commits = commits
        self.queue_bytes = queue_bytes
        self.plugin = plugin
        self.identity = plugin.identity
        self._parser = parser
        self._intake = intake
        self._flow = flow
        self._dead_letters = dead_letters
        self._budget = budget
        self._statistics = stats
        self._trackers: dict[Any, PositionTracker] = {}
        self._settled = threading.Condition()
        self._undelivered = 0
        self._stop = threading.Event()
        self._finished = threading.Event()
        self._drained = threading.Event()
        self._deadline = 0.0
        self._paused = False
        self._no_room_since: Optional[float] = None
        self._last_commit = time.monotonic()
        self._turns_to_repeat = _REPEAT_COMMIT
        self._emitting = threading.Lock()
        self.thread = threading.Thread(target=self._run, name=self.identity, daemon=True)
        stats.gauge("undelivered", lambda: self._undelivered)
        plugin.runtime = self

    # -- life

    def start(self) -> None:
        """Begin to poll; the plugin is open."""
        self.thread.start()

    def stop_intake(self) -> None:
        """Read no further; deliveries under way are still waited for and committed."""
        self._stop.set()
        with self._settled:
            self._settled.notify_all()

    def finish(self, deadline: float) -> None:
        """The outputs have written what they could: commit what is settled and close the plugin."""
        self._deadline = deadline
        self._drained.set()

    def join(self, timeout: float) -> bool:
        """Wait for the end; False if the plugin hangs."""
        return not self.thread.ident or self._finished.wait(timeout)

    def undelivered(self) -> int:
        """Records read and not settled."""
        return self._undelivered

    # -- the input's own thread

    def _run(self) -> None:
        plugin = self.plugin
        try:
            while not self._stop.is_set():
                try:
                    self._turn()
                except Exception as error:  # one bad turn must not end the input
                    self._statistics.count("errors")
                    plugin.log.error("%s: %s", type(error).__name__, error, exc_info=error)
                    self._stop.wait(1)
            plugin.stop_intake()
            while not self._drained.wait(0.2):
                self._commit(wait=False)
            self._commit(wait=True)
        except Exception as error:
            plugin.log.error("while stopping: %s: %s", type(error).__name__, error)
        finally:
            try:
                plugin.close()
            except Exception as error:
                plugin.log.error("while closing: %s: %s", type(error).__name__, error)
            self._finished.set()

    def _turn(self) -> None:
        if self._has_room():
            self._no_room_since = None
            if self._paused:
                self.plugin.resume()
                self._paused = False
            timeout = _POLL
        else:
            self._flow.urge()
            now = time.monotonic()
            self._no_room_since = self._no_room_since or now
            if not self._paused:
                if now - self._no_room_since < _PAUSE_AFTER:
                    with self._settled:
                        if not self._has_room():
                            self._settled.wait(0.05)
                    self._commit_when_due()
                    return
                self.plugin.pause()
                self._paused = True
                self._statistics.count("pauses")
                self.plugin.log.warning(
                    "paused: %d records are read and not yet written; outputs do not keep up", self._undelivered
                )
            timeout = _POLL
        for chunk in self.plugin.poll(timeout):
            self._accept(chunk)
        self._commit_when_due()

    def _has_room(self) -> bool:
        most = self.plugin.max_undelivered
        return (most is None or self._undelivered < most) and self._budget.has_room()

    def _accept(self, chunk: RecordChunk) -> None:
        if not len(chunk):
            return
        parsed = self._parse(chunk)
        batch = self.plugin.decorate(parsed.batch, chunk)
        batch = self._intake.take_in(batch)
        size = chunk.size() + batch.size()
        delivery = Delivery(self._on_settled, len(chunk), size)
        if chunk.partition is not None:
            self._trackers.setdefault(chunk.partition, PositionTracker()).begin(chunk.next_position, delivery)
        with self._settled:
            self._undelivered += len(chunk)
        self._budget.add(size)
        statistics = self._statistics
        statistics.count("records_read", len(chunk))
        statistics.count("bytes_read", chunk.payload_bytes())
        if chunk.skipped:
            statistics.count("records_skipped", len(chunk.skipped))
        self._bury(chunk, parsed, delivery)
        self._flow.publish(batch, delivery)
        delivery.release()

    def _parse(self, chunk: RecordChunk) -> Parsed:
        if self._parser is None:
            return Parsed(MetricBatch())
        try:
            return self._parser.parse_many(chunk)
        except Exception as error:  # a bug in a fast way: the slow way knows which record it is about
            self.plugin.log.error("parse_many of %s raised %s: %s", self._parser.identity, type(error).__name__, error)
            return Parser.parse_many(self._parser, chunk)

    def _bury(self, chunk: RecordChunk, parsed: Parsed, delivery: Delivery) -> None:
        """Dead letters for what the input refuses and what does not parse."""
        refused: list[tuple[Optional[Record], DeadPoint]] = [
            (chunk.record(i), DeadPoint(reason)) for i, reason in chunk.rejected.items()
        ]
        malformed: list[tuple[Optional[Record], DeadPoint]] = []
        for failure in parsed.failures:
            record = chunk.record(failure.index)
            if failure.lines:
                malformed += [(record, DeadPoint(bad.reason, line=bad.line)) for bad in failure.lines]
            else:
                malformed.append((record, DeadPoint(failure.reason)))
        letters = group_letters(self.identity, "input", refused) + group_letters(self.identity, "parse", malformed)
        if letters:
            self._statistics.count("errors", len(letters))
            self._statistics.count("records_dead", len(letters))
            delivery.hold()
            self._dead_letters.submit(letters, delivery.release)

    def _on_settled(self, delivery: Delivery) -> None:
        self._budget.remove(delivery.size)
        with self._settled:
            self._undelivered -= delivery.records
            self._settled.notify_all()

    # -- commits

    def _commit_when_due(self) -> None:
        if time.monotonic() - self._last_commit >= _COMMIT_EVERY:
            self._turns_to_repeat -= 1
            self._commit(wait=False, again=self._turns_to_repeat <= 0)
            if self._turns_to_repeat <= 0:
                self._turns_to_repeat = _REPEAT_COMMIT

    def _commit(self, *, wait: bool, only: Optional[Sequence[Any]] = None, again: bool = False) -> None:
        """Commit what is settled; ``again``: also what an earlier commit, that nobody waited for, may have missed."""
        self._last_commit = time.monotonic()
        positions = {}
        for partition in list(self._trackers) if only is None else only:
            tracker = self._trackers.get(partition)
            position = tracker.committable(again=wait or again) if tracker is not None else None
            if position is not None:
                positions[partition] = position
        if not positions or not self.commits:
            return
        try:
            self.plugin.commit(positions, wait=wait)
        except Retry as error:
            self._statistics.count("commit_errors")
            self.plugin.log.warning("positions are not committed yet: %s", error.reason)
            return
        for partition, position in positions.items():
            tracker = self._trackers.get(partition)
            if tracker is not None:
                tracker.committed(position)

    # -- StreamRuntime, called by the plugin from within poll

    def on_assigned(self, partitions: Sequence[Any]) -> Mapping[Any, Optional[int]]:
        for partition in [known for known in self._trackers if known not in set(partitions)]:
            self.on_lost([partition])
        found: dict[Any, Optional[int]] = {}
        for partition in partitions:
            tracker = self._trackers.setdefault(partition, PositionTracker())
            found[partition] = tracker.next_position
        return found

    def on_revoked(self, partitions: Sequence[Any], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        mine = [self._trackers[p] for p in partitions if p in self._trackers]
        self._flow.urge()
        with self._settled:
            while any(tracker.pending() for tracker in mine):
                left = deadline - time.monotonic()
                if left <= 0 or self._drained.is_set():
                    break
                self._settled.wait(min(left, 0.1))
                self._flow.urge()
        self._commit(wait=True, only=partitions)

    def on_lost(self, partitions: Sequence[Any]) -> None:
        for partition in partitions:
            tracker = self._trackers.pop(partition, None)
            if tracker is not None:
                for delivery in tracker.pending():
                    delivery.cancelled = True

    def on_position(self, partition: Any, position: int) -> None:
        tracker = self._trackers.get(partition)
        if tracker is not None:
            tracker.pass_over(position)

    def emit(self, chunk: RecordChunk, timeout: Optional[float] = None) -> bool:
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._settled:
            while not self._has_room():
                left = None if deadline is None else deadline - time.monotonic()
                if self._stop.is_set() or (left is not None and left <= 0):
                    return False
                self._flow.urge()
                self._settled.wait(0.1 if left is None else min(left, 0.1))
        if self._stop.is_set():
            return False
        with self._emitting:
            self._accept(chunk)
        return True

    # -- for the statistics

    def lag(self) -> list[Snapshot]:
        """Consumer lag per partition, in messages and seconds."""
        found = []
        try:
            lags = dict(self.plugin.lag())
        except Exception:  # a figure is never worth an error
            return []
        for partition, (records, seconds) in lags.items():
            topic, number = partition if isinstance(partition, tuple) else (str(partition), "")
            values: dict[str, Any] = {"lag_messages": records}
            if seconds is not None:
                values["lag_seconds"] = float(seconds)
            statistics = self._statistics
            tags = {"topic": str(topic), "partition": str(number)}
            found.append(Snapshot("lag", statistics.name, statistics.alias, tags, values))
        return found
