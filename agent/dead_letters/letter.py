"""One dead letter: a record (or a metric without one) and why it was not delivered."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, Optional

import attrs

from agent.record import Record

__all__ = ["DeadLetter", "DeadPoint"]


@attrs.frozen
class DeadPoint:
    """The part of a record that is guilty."""

    reason: str
    line: Optional[int] = None
    """1-based line in the payload, where it did not parse."""
    metric: Optional[str] = None
    """The point as line protocol, where it was refused after it was parsed."""


@attrs.frozen
class DeadLetter:
    """A record that is not delivered, or not whole.

    One letter per record and stage: ``points`` lists the guilty parts, the others were delivered. Empty
    ``points``: the whole record.
    """

    stage: str
    """``input`` (refused unparsed), ``parse``, ``process`` or ``output``."""
    plugin: str
    """Identity of the plugin that found it, ``outputs.influxdb::alias``."""
    reason: str
    record: Optional[Record]
    """Where it came from, payload included; None if a processor or aggregator made the metric itself."""
    points: Sequence[DeadPoint] = ()
    time: int = 0
    """When, in nanoseconds since the epoch."""

    def to_dict(self) -> dict[str, Any]:
        """The letter as JSON has it; bytes are base64, so that a replay is exact."""
        record = self.record
        letter: dict[str, Any] = {
            "time": _iso(self.time),
            "stage": self.stage,
            "plugin": self.plugin,
            "reason": self.reason,
            "topic": record.topic if record else None,
            "partition": record.partition if record else None,
            "offset": record.offset if record else None,
            "record_time": _iso(record.time) if record and record.time is not None else None,
            "headers": [[k, _b64(v)] for k, v in record.headers] if record else [],
            "key_b64": _b64(record.key) if record else None,
            "payload_b64": _b64(record.payload) if record else None,
            "points": [attrs.asdict(p, filter=lambda _, v: v is not None) for p in self.points],
        }
        if record and record.source:
            letter["source"] = record.source
        return letter

    def to_json(self) -> bytes:
        """One line of JSON, with its line end."""
        return json.dumps(self.to_dict(), ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _b64(data: Optional[bytes]) -> Optional[str]:
    return None if data is None else base64.b64encode(data).decode()


def _iso(ns: int) -> str:
    seconds, rest = divmod(ns, 1_000_000_000)
    try:
        return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
    except (ValueError, OverflowError, OSError):  # a record's time may be anything
        return f"{ns}ns"
