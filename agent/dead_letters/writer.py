"""The one thread that stores dead letters, and tells their sources when they are safe."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Optional, Protocol

from agent.dead_letters.letter import DeadLetter
from agent.errors import Retry
from agent.stats import Statistics

__all__ = ["DeadLetterSink", "DeadLetterWriter"]

log = logging.getLogger("agent.dead_letters")
_MOST_AT_ONCE = 500


class DeadLetterSink(Protocol):
    """Where letters go: the local file, or outputs with ``dead_letter = true``."""

    def write(self, letters: Sequence[DeadLetter]) -> None:
        """Store them durably before returning; raise ``Retry`` otherwise."""

    def close(self) -> None:
        """Release it."""


class DeadLetterWriter:
    """Queues letters, stores them in order, then calls back.

    While the sink is down nothing is dropped: the deliveries that wait for their letters keep their
    input's undelivered limit filled, so the source waits.
    """

    def __init__(self, sink: DeadLetterSink, statistics: Statistics) -> None:
        self._sink = sink
        self._queue: deque[tuple[Sequence[DeadLetter], Optional[Callable[[], None]]]] = deque()
        self._wake = threading.Condition()
        self._stopping = False
        self._busy = False
        self._thread = threading.Thread(target=self._run, name="dead-letters", daemon=True)
        self.statistics = statistics.plugin("agent", "dead_letters", counters=("written", "errors"))
        self.statistics.gauge("waiting", lambda: len(self._queue))
        self._last_logged = 0.0
        self._unlogged = 0

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def submit(self, letters: Sequence[DeadLetter], done: Optional[Callable[[], None]] = None) -> None:
        """Store the letters, then call ``done`` from the writer's thread."""
        self._report(letters)
        with self._wake:
            self._queue.append((letters, done))
            self._wake.notify()

    def _report(self, letters: Sequence[DeadLetter]) -> None:
        """One line at most a second, with a count: a storm of bad records must not become a storm of lines."""
        now = time.monotonic()
        self._unlogged += len(letters)
        if now - self._last_logged < 1:
            return
        first = letters[0]
        where = first.record.where() if first.record else "a metric without a record"
        more = f" (and {self._unlogged - 1} more)" if self._unlogged > 1 else ""
        log.error("dead letter: [%s] %s: %s%s", first.plugin, where, first.reason, more)
        self._last_logged, self._unlogged = now, 0

    def _run(self) -> None:
        wait = 0.1
        while True:
            with self._wake:
                while not self._queue and not self._stopping:
                    self._wake.wait()
                if not self._queue:
                    return
                items: list[tuple[Sequence[DeadLetter], Optional[Callable[[], None]]]] = []
                while self._queue and sum(len(item[0]) for item in items) < _MOST_AT_ONCE:
                    items.append(self._queue.popleft())
                self._busy = True
            letters = [letter for item in items for letter in item[0]]
            try:
                self._sink.write(letters)
            except Exception as error:  # whatever it is, the letters must not be lost
                self.statistics.count("errors")
                reason = error.reason if isinstance(error, Retry) else f"{type(error).__name__}: {error}"
                log.error("dead letters cannot be stored, their sources wait: %s", reason)
                with self._wake:
                    self._queue.extendleft(reversed(items))
                    self._busy = False
                    if self._stopping:
                        return
                    self._wake.wait(wait)
                wait = min(wait * 2, 5.0)
                continue
            wait = 0.1
            self.statistics.count("written", len(letters))
            for _, done in items:
                if done is not None:
                    done()
            with self._wake:
                self._busy = False
                self._wake.notify_all()

    def drain(self, timeout: float) -> bool:
        """Wait until all is stored; False if it was not in time."""
        deadline = time.monotonic() + timeout
        with self._wake:
            while self._queue or self._busy:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._wake.wait(min(left, 0.2))
        return True

    def discard(self) -> None:
        """Close a writer that was never started."""
        self._sink.close()

    def stop(self) -> None:
        """Store what is queued if the sink lets us, then end."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(2)
        self._sink.close()
