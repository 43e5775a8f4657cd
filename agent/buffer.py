"""An output's buffer: what it has to write, in order, and who waits for it."""

from __future__ import annotations

import time
from collections import deque
from typing import Optional

from agent.batch import MetricBatch
from agent.dead_letters.letter import DeadPoint
from agent.delivery import Delivery
from agent.record import Record

__all__ = ["Entry", "OutputBuffer", "Part"]


class Entry:
    """A batch as it was added: settled when each of its metrics is."""

    __slots__ = ("added", "delivery", "guilty", "remaining", "size")

    def __init__(self, batch: MetricBatch, delivery: Optional[Delivery], size: int) -> None:
        self.remaining = len(batch)
        #: None: untracked, the oldest may go when the buffer overflows.
        self.delivery = delivery
        self.added = time.monotonic()
        self.size = size
        #: What the destination will never take: one dead letter per record is made of it in the end.
        self.guilty: list[tuple[Optional[Record], DeadPoint]] = []


class Part:
    """A stretch of an entry that is still to be written."""

    __slots__ = ("batch", "entry")

    def __init__(self, entry: Entry, batch: MetricBatch) -> None:
        self.entry = entry
        self.batch = batch


class OutputBuffer:
    """The parts to write, oldest first. Not thread-safe: its output's lock guards it.

    Args:
        limit: How many untracked metrics it holds before the oldest go. Tracked ones are bounded at their
            input, which waits; they never go.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._parts: deque[Part] = deque()
        self._count = 0
        self._untracked = 0

    def __len__(self) -> int:
        return self._count

    def oldest(self) -> Optional[float]:
        """Monotonic time at which the oldest was added."""
        return self._parts[0].entry.added if self._parts else None

    def add(self, batch: MetricBatch, delivery: Optional[Delivery], size: int) -> int:
        """Append a batch; returns how many of the oldest untracked metrics had to go."""
        self._parts.append(Part(Entry(batch, delivery, size), batch))
        self._count += len(batch)
        if delivery is not None:
            return 0
        self._untracked += len(batch)
        return self._overflow()

    def _overflow(self) -> int:
        excess = dropped = self._untracked - self.limit
        if excess <= 0:
            return 0
        kept: deque[Part] = deque()
        while excess > 0 and self._parts:
            part = self._parts.popleft()
            if part.entry.delivery is not None:
                kept.append(part)
                continue
            gone = min(excess, len(part.batch))
            excess -= gone
            part.entry.remaining -= gone
            if gone < len(part.batch):
                part.batch = part.batch.slice(gone, len(part.batch))
                kept.append(part)
        self._parts.extendleft(reversed(kept))
        self._count -= dropped
        self._untracked -= dropped
        return dropped

    def take(self, most: int) -> tuple[list[Part], list[Part]]:
        """Take out the oldest ``most`` metrics.

        Returns:
            The parts to write, and the cancelled ones met on the way, which are not to be written.
        """
        taken: list[Part] = []
        cancelled: list[Part] = []
        room = most
        while self._parts and room:
            part = self._parts[0]
            length = len(part.batch)
            if part.entry.delivery is not None and part.entry.delivery.cancelled:
                cancelled.append(self._parts.popleft())
            elif length <= room:
                taken.append(self._parts.popleft())
                room -= length
            else:
                taken.append(Part(part.entry, part.batch.slice(0, room)))
                part.batch = part.batch.slice(room, length)
                length, room = room, 0
            self._count -= length
            if part.entry.delivery is None:
                self._untracked -= length
        return taken, cancelled

    def put_back(self, parts: list[Part]) -> int:
        """Return parts to the front, in order; returns how many untracked metrics had to go for it."""
        for part in reversed(parts):
            self._parts.appendleft(part)
            self._count += len(part.batch)
            if part.entry.delivery is None:
                self._untracked += len(part.batch)
        return self._overflow()
