"""Runs one output: its buffer, when it writes, and what a write's outcome means."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any, Optional

from agent.batch import MetricBatch, join
from agent.buffer import OutputBuffer, Part
from agent.config.common import OutputCommon
from agent.contracts import Output
from agent.dead_letters.group import group_letters
from agent.dead_letters.letter import DeadPoint
from agent.dead_letters.writer import DeadLetterWriter
from agent.delivery import Delivery
from agent.errors import Fatal, PartialWrite, Retry
from agent.filters import make_filter
from agent.stats import PluginStatistics

__all__ = ["OutputTiming", "RunningOutput"]

_TRIES_OF_STRANGE_ERRORS = 3


class OutputTiming:
    """When an output writes. Seconds, and a number of metrics."""

    __slots__ = ("batch_size", "interval", "jitter", "linger")

    def __init__(self, batch_size: int, interval: float, jitter: float, linger: float) -> None:
        self.batch_size, self.interval, self.jitter, self.linger = batch_size, interval, jitter, linger


class RunningOutput:
    """One output with its thread.

    It writes at whichever comes first: the batch is full; an input waits for deliveries; the oldest metric has
    lingered; the flush interval is over. A failed write backs off and tries the same metrics again.
    """

    def __init__(
        self,
        plugin: Output[Any],
        common: OutputCommon,
        timing: OutputTiming,
        buffer_limit: int,
        dead_letters: DeadLetterWriter,
        stats: PluginStatistics,
        *,
        distribution: str,
        on_fatal: Callable[[str], None],
    ) -> None:
        self.plugin = plugin
        self.identity = plugin.identity
        self.required = common.ack != "best_effort"
        self._filter = make_filter(common)
        self._name = (common.name_override, common.name_prefix, common.name_suffix)
        self._timing = timing
        self._buffer = OutputBuffer(buffer_limit)
        self._dead_letters = dead_letters
        self._statistics = stats
        self._distribution = distribution
        self._on_fatal = on_fatal
        self._wake = threading.Condition()
        self._urged = False
        self._stopping = False
        self._idle = True
        self._opened = False
        self._retry_at = 0.0
        self._failures = 0
        self._strange = 0
        self._first_error = ""
        self._deadline: Optional[float] = None
        self._thread = threading.Thread(target=self._run, name=self.identity, daemon=True)
        stats.gauge("buffer_size", lambda: len(self._buffer))
        stats.gauge("buffer_limit", lambda: self._buffer.limit)

    # -- from the inputs' threads

    def add(self, batch: MetricBatch, delivery: Optional[Delivery]) -> None:
        """Put a batch into the buffer; never blocks. A required output holds the delivery until it is settled."""
        if not self._filter.is_noop or any(self._name):
            batch = self._filtered(batch)
        if not len(batch):
            return
        if not self.required:
            delivery = None
        if delivery is not None:
            delivery.hold()
        with self._wake:
            dropped = self._buffer.add(batch, delivery, 0)
            full = len(self._buffer) >= self._timing.batch_size
            if self._idle or full:
                self._wake.notify()
        self._statistics.count("metrics_added", len(batch))
        self._dropped(dropped)

    def _filtered(self, batch: MetricBatch) -> MetricBatch:
        override, prefix, suffix = self._name
        chosen = self._filter
        kept = []
        for metric in batch:
            if not chosen.selects(metric):
                continue
            own = metric.copy()
            if chosen.has_modifiers and not chosen.modify(own):
                continue
            own.name = f"{prefix}{override or own.name}{suffix}"
            kept.append(own)
        self._statistics.count("metrics_filtered", len(batch) - len(kept))
        return MetricBatch(kept)

    def _dropped(self, count: int) -> None:
        if count:
            self._statistics.count("metrics_dropped", count)
            self.plugin.log.warning(
                "buffer overflow: the %d oldest metrics that no input can read again were dropped "
                "(metric_buffer_limit = %d)",
                count,
                self._buffer.limit,
            )

    def urge(self) -> None:
        """Write what there is, without waiting for a full batch."""
        with self._wake:
            if len(self._buffer) and not self._urged:
                self._urged = True
                self._wake.notify()

    # -- life

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def opened(self) -> None:
        """The plugin is open: writing may begin."""
        with self._wake:
            self._opened = True
            self._wake.notify()

    def pending(self) -> int:
        """How many metrics are not settled yet."""
        return len(self._buffer) + (0 if self._idle else 1)

    def leftovers(self) -> list[MetricBatch]:
        """The untracked metrics that a stopped output has not written; tracked ones are read again."""
        parts, _ = self._buffer.take(len(self._buffer))
        return [part.batch for part in parts if part.entry.delivery is None]

    def stop(self, deadline: float) -> None:
        """Write what is left until ``deadline`` (monotonic seconds), then end."""
        with self._wake:
            self._deadline = deadline
            self._stopping = True
            self._wake.notify()

    def join(self, deadline: float) -> bool:
        """Wait for the thread; False if a write still hangs."""
        if self._thread.is_alive():
            self._thread.join(max(0.0, deadline - time.monotonic()))
        return not self._thread.is_alive()

    # -- the output's own thread

    def _run(self) -> None:
        jitter = random.uniform(0, self._timing.jitter)
        while True:
            with self._wake:
                self._idle = True
                while not self._due(jitter):
                    if self._stopping and (not len(self._buffer) or self._over()):
                        return
                    self._wake.wait(self._seconds_to_due(jitter))
                self._idle = False
                self._urged = False
                parts, cancelled = self._buffer.take(self._timing.batch_size)
            for part in cancelled:
                self._settle(part, len(part.batch))
            if parts:
                self._write(parts)
            jitter = random.uniform(0, self._timing.jitter)

    def _over(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _due(self, jitter: float) -> bool:
        if not self._opened or not len(self._buffer) or self._over():
            return False
        now = time.monotonic()
        if now < self._retry_at:
            return False
        if len(self._buffer) >= self._timing.batch_size or self._urged or self._stopping:
            return True
        return (self._seconds_to_due(jitter) or 0.0) <= 0

    def _seconds_to_due(self, jitter: float) -> Optional[float]:
        now, oldest = time.monotonic(), self._buffer.oldest()
        limit = 0.2 if self._stopping else None
        if oldest is None or not self._opened:
            return limit
        wait = min(self._timing.linger, self._timing.interval + jitter)
        due = max(0.0, oldest + wait - now, self._retry_at - now)
        return due if limit is None else min(due, limit)

    def _write(self, parts: list[Part]) -> None:
        batch = join([part.batch for part in parts])
        started = time.monotonic()
        try:
            empty = self.plugin.write(batch) or 0
        except Retry as error:
            self._keep(parts)
            self._failed(error.reason, error.after)
        except PartialWrite as error:
            self._partial(parts, batch, error)
        except Fatal as error:
            self._keep(parts)
            self._failed(str(error), None)
            self._on_fatal(f"{self.identity}: {error}")
        except Exception as error:
            self._strange_error(parts, batch, error)
        else:
            self._succeeded()
            for part in parts:
                self._settle(part, len(part.batch))
            self._statistics.count("metrics_written", len(batch) - empty)
            if empty:
                self._statistics.count("metrics_unserialisable", empty)
        self._statistics.count("writes")
        self._statistics.count("write_time_ns", int((time.monotonic() - started) * 1e9))

    def _succeeded(self) -> None:
        if self._failures:
            self.plugin.log.info("writing again after %d failed tries", self._failures)
        self._failures = self._strange = 0
        self._retry_at = 0.0
        self._first_error = ""

    def _failed(self, reason: str, after: Optional[float]) -> None:
        """Back off; log the first failure and each new reason, then now and then."""
        self._failures += 1
        self._statistics.count("write_errors")
        wait = min(0.1 * 2 ** min(self._failures, 8), 10.0) * random.uniform(0.7, 1.0)
        if after is not None:
            wait = max(after, 0.0)
        self._retry_at = time.monotonic() + wait
        if reason != self._first_error or self._failures % 20 == 0:
            self._first_error = reason
            self.plugin.log.error(
                "write failed, %d metrics are kept, next try in %.1f s: %s", len(self._buffer), wait, reason
            )

    def _keep(self, parts: list[Part]) -> None:
        with self._wake:
            dropped = self._buffer.put_back(parts)
        self._dropped(dropped)

    def _partial(self, parts: list[Part], batch: MetricBatch, error: PartialWrite) -> None:
        size = len(batch)
        rejected = {i: reason for i, reason in error.rejected.items() if 0 <= i < size}
        retry = {i for i in error.retry if 0 <= i < size and i not in rejected}
        kept: list[Part] = []
        start = 0
        for part in parts:
            stop = start + len(part.batch)
            again = [i - start for i in range(start, stop) if i in retry] if retry else []
            if again:
                kept.append(Part(part.entry, part.batch.select(again)))
            for i in range(start, stop) if rejected else ():
                if i in rejected:
                    part.entry.guilty.append(self._guilty(part.batch, i - start, rejected[i]))
            self._settle(part, len(part.batch) - len(again))
            start = stop
        self._statistics.count("metrics_rejected", len(rejected))
        self._statistics.count("metrics_written", size - len(rejected) - len(retry))
        if kept:
            self._keep(kept)
            self._failed(error.reason or "part of the batch was not taken", error.after)
        else:
            self._succeeded()

    def _guilty(self, batch: MetricBatch, index: int, reason: str) -> Any:
        line = batch.select([index]).encode_lines(uint_support=True)[0]
        return batch.origin(index), DeadPoint(reason, metric=line.decode("utf-8", "replace"))

    def _strange_error(self, parts: list[Part], batch: MetricBatch, error: Exception) -> None:
        """Not one of ours: three tries, then halves, until the guilty metric stands alone."""
        self._strange += 1
        reason = f"{type(error).__name__}: {error} (raised by {self.identity} of {self._distribution})"
        if self._strange <= _TRIES_OF_STRANGE_ERRORS:
            self.plugin.log.debug("%s", reason, exc_info=error)
            self._keep(parts)
            self._failed(reason, None)
            return
        rejected: dict[int, str] = {}
        retry: set[int] = set()
        self._halve(batch, list(range(len(batch))), rejected, retry, reason)
        self._strange = 0
        self._partial(parts, batch, PartialWrite(rejected, retry, reason))

    def _halve(
        self, batch: MetricBatch, indices: list[int], rejected: dict[int, str], retry: set[int], reason: str
    ) -> None:
        if len(indices) == 1:
            rejected[indices[0]] = reason
            return
        middle = len(indices) // 2
        for half in (indices[:middle], indices[middle:]):
            try:
                self.plugin.write(batch.select(half))
            except (Retry, Fatal):
                retry.update(half)
            except PartialWrite as error:
                rejected.update({half[i]: why for i, why in error.rejected.items() if 0 <= i < len(half)})
                retry.update(half[i] for i in error.retry if 0 <= i < len(half))
            except Exception as error:
                why = f"{type(error).__name__}: {error} (raised by {self.identity} of {self._distribution})"
                self._halve(batch, half, rejected, retry, why)

    def _settle(self, part: Part, count: int) -> None:
        entry = part.entry
        if not count:
            return
        with self._wake:
            entry.remaining -= count
            done = entry.remaining <= 0
        if not done:
            return
        release = entry.delivery.release if entry.delivery is not None else None
        if entry.guilty and not (entry.delivery is not None and entry.delivery.cancelled):
            self._dead_letters.submit(group_letters(self.identity, "output", entry.guilty), release)
        elif release is not None:
            release()
