"""How a chunk's outcome gets back to its input: deliveries, and the positions that may be committed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Optional

__all__ = ["Delivery", "PositionTracker"]


class Delivery:
    """What is still outstanding of one chunk.

    Made with one hold, the maker's own. Everyone who takes responsibility for a part of the chunk (an output's
    buffer, the dead-letter writer, an aggregator's window) holds once and releases once. With the last release
    the chunk is settled: each of its metrics was written, dead-lettered or dropped by a declared rule.

    Args:
        on_settled: Called once, from the thread that releases last.
        records: How many records it stands for.
        size: Bytes that they hold in memory until then.
    """

    __slots__ = ("_after", "_lock", "_on_settled", "_pending", "cancelled", "records", "settled", "size")

    def __init__(self, on_settled: Callable[[Delivery], None], records: int = 0, size: int = 0) -> None:
        self._on_settled = on_settled
        self._pending = 1
        self._after: list[Delivery] = []
        self._lock = threading.Lock()
        self.records = records
        self.size = size
        #: True: its partition is somebody else's now. What is not written yet need not be.
        self.cancelled = False
        #: True: nobody is responsible for any part of it any more.
        self.settled = False

    def hold(self) -> None:
        """One more who is responsible for a part."""
        with self._lock:
            self._pending += 1

    def release(self) -> None:
        """That part is settled."""
        with self._lock:
            self._pending -= 1
            self.settled = settled = self._pending == 0
        if settled:
            self._on_settled(self)
            for other in self._after:
                other.release()

    def then_release(self, others: list[Delivery]) -> None:
        """When this one is settled, release each of the others once: their metrics went on under its name."""
        self._after += others


class PositionTracker:
    """Up to where one partition is settled without a gap.

    A later chunk that settles first waits for the earlier ones: committing the highest mark instead would lose
    the earlier ones after a crash.
    """

    __slots__ = ("_committed", "_entries", "_lock", "next_position")

    def __init__(self, position: Optional[int] = None) -> None:
        #: Position after each chunk, and its delivery; None: nothing to deliver before that position.
        self._entries: deque[tuple[int, Optional[Delivery]]] = deque()
        self._committed = position
        self._lock = threading.Lock()
        #: Where reading goes on: after everything that was taken in.
        self.next_position = position

    def begin(self, next_position: int, delivery: Delivery) -> None:
        """Take in a chunk that ends at ``next_position``."""
        with self._lock:
            self._entries.append((next_position, delivery))
            self.next_position = next_position

    def pass_over(self, position: int) -> None:
        """There is nothing to deliver before ``position``: transaction markers, compacted records."""
        with self._lock:
            if self.next_position is None or position > self.next_position:
                self._entries.append((position, None))
                self.next_position = position

    def committable(self, *, again: bool = False) -> Optional[int]:
        """The position to commit, or None if it has not moved since :meth:`committed`.

        Args:
            again: Also a position that was given to a commit before: one that nobody waited for may have failed.
        """
        position = self._committed if again else None
        with self._lock:
            for end, delivery in self._entries:
                if delivery is not None and not delivery.settled:
                    break
                position = end
            return position

    def committed(self, position: int) -> None:
        """The position is durable."""
        with self._lock:
            entries = self._entries
            while entries and entries[0][0] <= position:
                entries.popleft()
            self._committed = position

    def pending(self) -> list[Delivery]:
        """The deliveries that are not settled."""
        with self._lock:
            return [delivery for _, delivery in self._entries if delivery is not None and not delivery.settled]
