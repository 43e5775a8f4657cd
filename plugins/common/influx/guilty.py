"""Finds the points that a server will never take, so that all others are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from plugins.common.influx.answers import KEEP, POINTS, TOO_LARGE, WRITTEN, Verdict, names_points, quoted_lines
from pyagent import PartialWrite, Retry

__all__ = ["MOST_REQUESTS", "write_lines"]

#: Requests that one batch may cost; what is undecided then is tried again with the next write.
MOST_REQUESTS = 200

Send = Callable[[bytes], Verdict]


class _Search:
    def __init__(self, lines: Sequence[bytes], send: Send) -> None:
        self.lines = lines
        self.send = send
        self.requests = 0
        self.written = 0
        self.named = False
        self.rejected: dict[int, str] = {}
        self.kept: list[int] = []
        self.last = Verdict(KEEP, "")

    def run(self, indices: list[int]) -> None:
        """Write the lines at ``indices``, or find out which of them cannot be."""
        while indices:
            if self.requests >= MOST_REQUESTS or (self.last.kind == KEEP and self.requests):
                self.kept += indices
                return
            self.requests += 1
            verdict = self.send(b"\n".join([self.lines[i] for i in indices]))
            if verdict.kind == WRITTEN:
                self.written += len(indices)
                self.last = verdict
                return
            self.last = verdict
            if verdict.kind == KEEP:
                self.kept += indices
                return
            if verdict.kind == POINTS:
                self.named = self.named or names_points(verdict.reason)
                left = self._without_quoted(indices, verdict)
                if len(left) < len(indices):
                    indices = left
                    continue
            if len(indices) == 1:
                self.rejected[indices[0]] = verdict.reason
                return
            middle = len(indices) // 2
            self.run(indices[:middle])
            indices = indices[middle:]

    def _without_quoted(self, indices: list[int], verdict: Verdict) -> list[int]:
        """The indices without the lines that the server quotes as unparsable."""
        quoted = set(quoted_lines(verdict.reason))
        if not quoted:
            return indices
        left = []
        for i in indices:
            if self.lines[i].decode("utf-8", "replace") in quoted:
                self.rejected[i] = verdict.reason[:500]
            else:
                left.append(i)
        return left


def write_lines(lines: Sequence[bytes], send: Send) -> None:
    """Write all lines in one request; if the server refuses points, find which.

    Sending a part again is harmless: the same point overwrites itself.

    Args:
        lines: Aligned with the batch; ``b""`` where a metric has nothing to write.
        send: Posts a body and judges the answer.

    Raises:
        Retry: Nothing is written, and no point is known to be guilty.
        PartialWrite: Some is.
    """
    indices = [i for i, line in enumerate(lines) if line]
    if not indices:
        return
    search = _Search(lines, send)
    search.run(indices)
    if not search.rejected and not search.kept:
        return
    if search.rejected and not search.written and not search.named and search.last.kind not in (TOO_LARGE,):
        # Every point fails alone and none is named: the request is at fault (a misspelt write_consistency), not they.
        raise Retry(f"the server refuses every point without naming one: {search.last.reason}")
    if len(search.kept) == len(indices):
        raise Retry(search.last.reason, search.last.after)
    reason = search.last.reason if search.kept else ""
    raise PartialWrite(search.rejected, search.kept, reason, search.last.after if search.kept else None)
