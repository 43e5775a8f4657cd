"""From guilty points to letters: one per record."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Optional

from agent.dead_letters.letter import DeadLetter, DeadPoint
from agent.record import Record

__all__ = ["group_letters"]


def group_letters(plugin: str, stage: str, guilty: Iterable[tuple[Optional[Record], DeadPoint]]) -> list[DeadLetter]:
    """One letter for each record, with its guilty points; one for each point that has no record."""
    by_record: dict[object, tuple[Optional[Record], list[DeadPoint]]] = {}
    for serial, (record, point) in enumerate(guilty):
        if record is None:
            key: object = serial
        elif record.topic is not None:
            key = (record.topic, record.partition, record.offset)
        else:
            key = (id(record),)
        by_record.setdefault(key, (record, []))[1].append(point)
    now = time.time_ns()
    return [DeadLetter(stage, plugin, points[0].reason, record, points, now) for record, points in by_record.values()]
