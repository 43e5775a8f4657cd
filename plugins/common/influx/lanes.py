"""Destinations chosen by data: each database or bucket has a request of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Optional, Union

from plugins.common.influx.guilty import Fits, Send, write_lines
from pyagent import MetricBatch, PartialWrite, Retry

__all__ = ["Lane", "split", "without_tags", "write_lanes"]

#: What tells one destination from another, such as (database, retention policy).
Lane = tuple[str, ...]


def split(batch: MetricBatch, choose: Callable[[dict[str, str]], Lane]) -> dict[Lane, list[int]]:
    """The indices of the metrics of each destination, in the order in which they first appear."""
    lanes: dict[Lane, list[int]] = {}
    for index, metric in enumerate(batch):
        lanes.setdefault(choose(metric.tags), []).append(index)
    return lanes


def without_tags(batch: MetricBatch, names: list[str]) -> MetricBatch:
    """The batch without these tags; the batch itself if there are none."""
    if not names:
        return batch
    kept = []
    for metric in batch:
        own = metric.copy()
        for name in names:
            own.tags.pop(name, None)
        kept.append(own)
    return MetricBatch(kept)


def _outcome(lines: Sequence[bytes], send: Send, fits: Optional[Fits]) -> Union[Retry, PartialWrite, None]:
    try:
        write_lines(lines, send, fits)
    except (Retry, PartialWrite) as error:
        return error
    return None


def write_lanes(
    lanes: Sequence[tuple[list[int], Sequence[bytes], Send]], threads: int = 1, fits: Optional[Fits] = None
) -> int:
    """Write each lane; trouble with one does not stop the others.

    Args:
        lanes: Indices in the batch, their lines, and how to send them.
        threads: How many to write at once.
        fits: The rate limit that they share, if there is one.

    Returns:
        How many lines are empty: metrics of which nothing can be written.

    Raises:
        PartialWrite, Retry: As the lanes together ask for.
    """
    rejected: dict[int, str] = {}
    kept: list[int] = []
    reason, after, written = "", None, False
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            outcomes = list(pool.map(lambda lane: _outcome(lane[1], lane[2], fits), lanes))
    else:
        outcomes = [_outcome(lines, send, fits) for _, lines, send in lanes]
    for (indices, _, _), error in zip(lanes, outcomes):
        if error is None:
            written = True
        elif isinstance(error, Retry):
            kept += indices
            reason, after = error.reason, error.after if after is None else after
        else:
            written = True
            rejected.update({indices[i]: why for i, why in error.rejected.items()})
            kept += [indices[i] for i in error.retry]
            if error.retry:
                reason, after = error.reason, error.after if after is None else after
    if kept and not written:
        raise Retry(reason, after)
    if kept or rejected:
        raise PartialWrite(rejected, kept, reason, after)
    return sum(list(lines).count(b"") for _, lines, _ in lanes)
