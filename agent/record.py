"""What an input reads before it is parsed: a payload and where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

__all__ = ["Origin", "Record", "RecordChunk"]


#: What a record costs besides its payload: measured with both Kafka clients.
_RECORD_BYTES = 500


class Record:
    """One payload with its origin: everything a dead letter needs to be replayed.

    Args:
        payload: The bytes to parse; None for a Kafka tombstone.
        source: Where it is from when that is no topic: a path, a URL, a client's address.
        topic, partition, offset, key, headers: The Kafka record's own. ``headers`` may repeat a name.
        time: The record's own time in nanoseconds since the epoch, or None.
        tags: Tags for every metric parsed from it; they overwrite the parser's.
        name: A name for every metric parsed from it; it replaces the parser's.
    """

    __slots__ = ("headers", "key", "name", "offset", "partition", "payload", "source", "tags", "time", "topic")

    def __init__(
        self,
        payload: Optional[bytes],
        *,
        source: str = "",
        topic: Optional[str] = None,
        partition: Optional[int] = None,
        offset: Optional[int] = None,
        key: Optional[bytes] = None,
        headers: Sequence[tuple[str, Optional[bytes]]] = (),
        time: Optional[int] = None,
        tags: Optional[Mapping[str, str]] = None,
        name: Optional[str] = None,
    ) -> None:
        self.payload = payload
        self.source = source
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.key = key
        self.headers = headers
        self.time = time
        self.tags = tags
        self.name = name

    def where(self) -> str:
        """Where it came from, for an error message: ``topic t partition 3 offset 17``."""
        if self.topic is None:
            return self.source or "an unnamed source"
        return f"topic {self.topic} partition {self.partition} offset {self.offset}"

    def __repr__(self) -> str:
        return f"<Record {self.where()}: {len(self.payload or b'')} bytes>"


class RecordChunk:
    """Consecutive records of one partition (or one file, one request), with one delivery for all.

    Subclass it where making a :class:`Record` for each payload would cost too much: only
    :attr:`payloads` is read on the fast way, :meth:`record` is called when someone looks.

    Args:
        records: The records, in order.
        partition: An opaque key of the stream whose position they advance; None if there is none to commit.
        next_position: The position after the last of them (for Kafka: the next offset to read).
        rejected: Index to reason of the records that the input itself refuses (too long): dead letters.
        skipped: Indices of records that a declared rule passes over (a tombstone): counted, not parsed.
    """

    __slots__ = ("next_position", "partition", "payloads", "records", "rejected", "skipped")

    def __init__(
        self,
        records: Sequence[Record],
        partition: Any = None,
        next_position: int = 0,
        rejected: Optional[Mapping[int, str]] = None,
        skipped: Sequence[int] = (),
    ) -> None:
        self.records = records
        self.payloads: list[Optional[bytes]] = [record.payload for record in records]
        self.partition = partition
        self.next_position = next_position
        self.rejected = dict(rejected or {})
        self.skipped = set(skipped)

    def __len__(self) -> int:
        return len(self.payloads)

    def record(self, index: int) -> Record:
        """The record at ``index``."""
        return self.records[index]

    def size(self) -> int:
        """About how many bytes of memory it holds, the records' objects included: what the memory limit counts."""
        return self.payload_bytes() + _RECORD_BYTES * len(self.payloads)

    def payload_bytes(self) -> int:
        """Bytes of all payloads."""
        return sum([len(p) for p in self.payloads if p is not None])


class Origin(NamedTuple):
    """Which record a metric was parsed from; what ``Metric.origin`` holds."""

    chunk: RecordChunk
    index: int  # type: ignore[assignment]  # a tuple has a method of that name

    @property
    def record(self) -> Record:
        """The record itself."""
        return self.chunk.record(self.index)
