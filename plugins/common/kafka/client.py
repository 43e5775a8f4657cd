"""The interface that ``inputs.kafka_consumer`` needs, whichever library is behind it."""

from __future__ import annotations

import time
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Optional, Protocol

from pyagent import Record

__all__ = ["INTERNAL_TOPICS", "KafkaClient", "Listener", "Once", "Partition", "Slice"]

#: Topic and partition number.
Partition = tuple[str, int]

#: What the brokers keep for themselves; a regular expression never means these.
INTERNAL_TOPICS = frozenset(
    ["__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"]
)


class Slice:
    """Consecutive records of one partition, and the offset to read next."""

    __slots__ = ("next_offset", "partition", "records")

    def __init__(self, partition: Partition, records: list[Record], next_offset: int) -> None:
        self.partition, self.records, self.next_offset = partition, records, next_offset


class Once:
    """Says whether a complaint is new: client libraries repeat theirs every second."""

    def __init__(self, seconds: float = 300.0) -> None:
        self._seconds = seconds
        self._told: dict[Hashable, float] = {}

    def __call__(self, key: Hashable) -> bool:
        """True for a ``key`` that was not seen for ``seconds``."""
        now = time.monotonic()
        if len(self._told) > 200:  # keys may hold offsets
            self._told = {k: at for k, at in self._told.items() if now - at < self._seconds}
        if now - self._told.get(key, -self._seconds) < self._seconds:
            return False
        self._told[key] = now
        return True


class Listener(Protocol):
    """Who is told of rebalances, from within :meth:`KafkaClient.poll` and :meth:`KafkaClient.close`."""

    def assigned(
        self, partitions: Sequence[Partition], committed: Mapping[Partition, Optional[int]]
    ) -> Mapping[Partition, int]:
        """All partitions that are ours now, with what the group has committed; returns where to read each."""

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """These are about to be taken away; committing still works."""

    def lost(self, partitions: Sequence[Partition]) -> None:
        """These were taken away."""

    def position(self, partition: Partition, offset: int) -> None:
        """Everything before ``offset`` was read, although it ends without a record."""

    def commit_failed(self, offsets: Mapping[Partition, int], reason: str) -> None:
        """A commit without ``wait`` came to nothing. May be called from any thread."""


class KafkaClient(Protocol):
    """A member of a consumer group. All calls come from one thread."""

    def open(self, listener: Listener) -> None:
        """Connect; raise ``StartupError`` if no broker answers."""

    def topics(self) -> Collection[str]:
        """The cluster's topics, internal ones left out; raise ``Retry`` if no broker says."""

    def subscribe(self, topics: Sequence[str]) -> None:
        """Read these topics and no others."""

    def poll(self, timeout: float, most: int) -> Sequence[Slice]:
        """Records, at most about ``most``; raise ``Retry`` if reading does not go on now."""

    def offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, tuple[int, int]]:
        """First and end offset of each."""

    def partitions(self, topic: str) -> Sequence[Partition]:
        """All partitions of a topic, ours or not."""

    def committed(self, partitions: Sequence[Partition]) -> Mapping[Partition, Optional[int]]:
        """What the group has committed."""

    def commit(self, offsets: Mapping[Partition, int], *, wait: bool) -> None:
        """Commit; raise ``Retry`` if that fails. Without ``wait`` it may fail later: ``Listener.commit_failed``."""

    def pause(self) -> None:
        """Fetch nothing, of partitions assigned later neither."""

    def resume(self) -> None:
        """Fetch again."""

    def highwater(self) -> Mapping[Partition, int]:
        """End offsets as last heard; never blocks."""

    def close(self) -> None:
        """Leave the group."""
