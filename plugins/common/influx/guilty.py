"""Finds the points that a server will never take, so that all others are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Optional

from plugins.common.influx.answers import (
    KEEP,
    POINTS,
    REFUSED,
    WRITTEN,
    Verdict,
    all_dropped,
    named_conflict,
    names_points,
    quoted_lines,
)
from pyagent import FieldValue, PartialWrite, Retry, Uint
from pyagent.line_protocol import LineError, decode_line

__all__ = ["MOST_REQUESTS", "Fits", "Send", "write_lines"]

#: Requests that one batch may cost; what is undecided then is tried again with the next write.
MOST_REQUESTS = 200
#: So many points that fail alone, unnamed, with nothing written yet: look elsewhere in the batch.
_DOUBT = 4
_REASON_SIZE = 500

Send = Callable[[bytes], Verdict]
#: From the lines' sizes: how many of them may go now, and if none, the seconds until some may. Books them.
Fits = Callable[[Sequence[int]], "tuple[int, float]"]


class _Search:
    def __init__(self, lines: Sequence[bytes], send: Send, fits: Optional[Fits]) -> None:
        self.lines = lines
        self.send = send
        self.fits = fits
        self.requests = 0
        self.written = 0
        self.named = False
        self.rejected: dict[int, str] = {}
        #: Failed alone, but the message may be about the request as well.
        self.doubtful: dict[int, str] = {}
        self.kept: list[int] = []
        self.reason = ""
        self.after: Optional[float] = None

    def run(self, indices: list[int]) -> None:
        """Write the lines at ``indices``, or find out which of them cannot be."""
        pending = [indices]
        while pending:
            if self.requests >= MOST_REQUESTS:
                self.reason = f"the search for the guilty points goes on with the next write: {self.reason}"
                self.after = 0.0 if self.rejected or self.written else None
                break
            indices = pending.pop()
            verdict = self._post(indices, pending)
            if verdict.kind == WRITTEN:
                continue
            self.reason, self.after = verdict.reason, verdict.after
            if verdict.kind == KEEP:
                self.kept += indices
                break
            doubts = len(self.doubtful)
            pending += reversed(self._narrow(indices, verdict))
            if len(self.doubtful) > doubts and not len(self.doubtful) % _DOUBT and not self.written and pending:
                # Guilty points may stand together: the largest part is the likeliest to hold a good one.
                largest = max(range(len(pending)), key=lambda k: len(pending[k]))
                pending.append(pending.pop(largest))
        for part in pending:
            self.kept += part

    def _post(self, indices: list[int], pending: list[list[int]]) -> Verdict:
        """Send the lines; those that the rate limit holds back go to ``pending``."""
        if self.fits is not None:
            count, wait = self.fits([len(self.lines[i]) + 1 for i in indices])
            if not count:
                return Verdict(KEEP, "rate_limit is reached for this period", wait)
            if count < len(indices):
                pending.append(indices[count:])
                del indices[count:]
        self.requests += 1
        verdict = self.send(b"\n".join([self.lines[i] for i in indices]))
        if verdict.kind == WRITTEN:
            self.written += len(indices)
        return verdict

    def _narrow(self, indices: list[int], verdict: Verdict) -> list[list[int]]:
        """Reject what the answer proves guilty; the parts of the rest that are to be tried by themselves."""
        message, reason = verdict.reason, verdict.reason[:_REASON_SIZE]
        if verdict.kind == REFUSED:
            self.rejected.update(dict.fromkeys(indices, reason))
            return []
        if verdict.kind == POINTS:
            named = names_points(message)
            self.named = self.named or named
            left = self._without_quoted(indices, message)
            if len(left) < len(indices):
                return [left] if left else []
            if len(indices) == 1 and not named:
                self.doubtful[indices[0]] = reason
                return []
            suspects = self._suspects(indices, message)
            if len(suspects) == len(indices) and all_dropped(message, len(indices)):
                self.rejected.update(dict.fromkeys(indices, reason))
                return []
            if 0 < len(suspects) < len(indices):
                return [[i for i in indices if i not in suspects], [i for i in indices if i in suspects]]
        if len(indices) == 1:
            self.rejected[indices[0]] = reason
            return []
        middle = len(indices) // 2
        return [indices[:middle], indices[middle:]]

    def _without_quoted(self, indices: list[int], message: str) -> list[int]:
        """The indices without the lines that the server quotes as unparsable."""
        quoted = quoted_lines(message)
        if not quoted:
            return indices
        left = []
        for i in indices:
            why = quoted.get(self.lines[i].decode("utf-8", "replace"))
            if why is None:
                left.append(i)
            else:
                self.rejected[i] = f"unable to parse the line: {why}"[:_REASON_SIZE]
        return left

    def _suspects(self, indices: list[int], message: str) -> set[int]:
        """The lines with the field and type of the conflict that the server names; all, if it names none.

        They are only suspects: conflicts are per shard, so the server judges them in a request of their own.
        """
        conflict = named_conflict(message)
        if conflict is None:
            return set(indices)
        measurement, field, kind = conflict
        found = set()
        for i in indices:
            try:
                metric = decode_line(self.lines[i])
            except LineError:  # another guilty one, for another request
                continue
            if metric.name == measurement and field in metric.fields and _kind(metric.fields[field]) == kind:
                found.add(i)
        return found


def _kind(value: FieldValue) -> str:
    """A field's type as InfluxDB's messages call it."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Uint):
        return "unsigned"
    return {int: "integer", float: "float"}.get(type(value), "string")


def write_lines(lines: Sequence[bytes], send: Send, fits: Optional[Fits] = None) -> None:
    """Write all lines in one request; if the server refuses points, find which.

    Sending a part again is harmless: the same point overwrites itself.

    Args:
        lines: Aligned with the batch; ``b""`` where a metric has nothing to write.
        send: Posts a body and judges the answer.
        fits: Holds back what a rate limit does not allow yet; None: no limit.

    Raises:
        Retry: Nothing is written, and no point is known to be guilty.
        PartialWrite: Some is.
    """
    indices = [i for i, line in enumerate(lines) if line]
    if not indices:
        return
    search = _Search(lines, send, fits)
    search.run(indices)
    if search.doubtful and not search.written and not search.named:
        # Every point fails alone and none is named: the request is at fault (a misspelt write_consistency), not they.
        search.reason = f"the server refuses every point without naming one: {search.reason}"
        search.after = None
        search.kept += search.doubtful
    else:
        search.rejected.update(search.doubtful)
    if search.kept and not search.rejected and not search.written:
        raise Retry(search.reason, search.after)
    if search.kept or search.rejected:
        kept = sorted(search.kept)
        raise PartialWrite(search.rejected, kept, search.reason if kept else "", search.after if kept else None)
