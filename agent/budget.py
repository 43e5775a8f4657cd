"""How many bytes are under way in this process: the one bound that governs intake."""

from __future__ import annotations

import threading

__all__ = ["MemoryBudget"]


class MemoryBudget:
    """Counts bytes against a limit. Inputs stop reading at the limit; nothing is ever refused by it."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._used = 0
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        """Bytes that are under way now."""
        with self._lock:
            self._used += size

    def remove(self, size: int) -> None:
        """Bytes that are not any more."""
        with self._lock:
            self._used -= size

    def has_room(self) -> bool:
        """Whether an input may read on."""
        return self._used < self.limit

    @property
    def used(self) -> int:
        """Bytes under way."""
        return self._used
