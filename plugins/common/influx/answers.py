"""What a server's answer means: written, guilty points, too large, or keep and try again."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple, Optional

__all__ = [
    "KEEP",
    "POINTS",
    "REFUSED",
    "TOO_LARGE",
    "WRITTEN",
    "Verdict",
    "all_dropped",
    "judge",
    "named_conflict",
    "names_points",
    "quoted_lines",
    "retry_after",
]

WRITTEN, POINTS, REFUSED, TOO_LARGE, KEEP = "written", "points", "refused", "too large", "keep"
_MOST_WAIT = 600.0

#: Messages of a 400 or 422 that are about points. Any other may be about the request as a whole.
_ABOUT_POINTS = re.compile(
    r"unable to parse|field type conflict|points? beyond retention|outside retention policy|partial write"
    r"|input field .* is type|invalid (?:field|tag|timestamp|number|boolean|float|integer)|missing (?:fields|tag)"
    r"|time outside range|max (?:key|series|values)|duplicate tag",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"unable to parse '(.*?)': (.*?)(?=\nunable to parse '| dropped=\d+\Z|\Z)", re.DOTALL)
_CONFLICT = re.compile(r'input field "(.*)" on measurement "(.*)" is type (\w+), already exists as type', re.DOTALL)
#: Reasons whose count is exact or too low, never too high.
_COUNTED = re.compile(r"field type conflict: input field |points beyond retention policy|outside retention policy")
_DROPPED = re.compile(r"dropped=(\d+)")
_CURES = {
    401: "check token, username and password",
    403: "the credentials may not write there; give them the right, or change database or bucket",
    404: "create the database or bucket, or correct its name",
}


class Verdict(NamedTuple):
    """What to do with the points of a request."""

    kind: str
    """``WRITTEN``; ``POINTS``: some are guilty; ``REFUSED``: all are; ``TOO_LARGE``: too many, or one; ``KEEP``."""
    reason: str = ""
    after: Optional[float] = None
    """Seconds to wait, where the server said so."""
    status: int = 0


def retry_after(headers: Mapping[str, str]) -> Optional[float]:
    """Seconds from a Retry-After header, which may be a number or a date; None without one."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (TypeError, ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), _MOST_WAIT) if seconds == seconds else None


def _message(body: bytes) -> tuple[str, bool]:
    """The error's text, and whether the body is JSON."""
    try:
        found = json.loads(body)
    except ValueError:
        return body[:500].decode("utf-8", "replace").strip(), False
    if isinstance(found, dict):
        text = found.get("error") or found.get("message") or ""
        results = found.get("results")
        if not text and isinstance(results, list):  # a statement's own error comes with status 200
            text = next((r["error"] for r in results if isinstance(r, dict) and r.get("error")), "")
        return str(text), True
    return "", True


def judge(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """The verdict on an answer: its status first, then its body."""
    text, is_json = _message(body) if body else ("", True)
    shown = f"HTTP {status}" + (f": {text[:500]}" if text else "")
    if status == 204:
        return Verdict(WRITTEN)
    if 200 <= status < 300:
        if not body.strip() or (is_json and not text):
            return Verdict(WRITTEN)
        hint = "" if is_json else " (no answer of an InfluxDB: is a proxy or login page in between?)"
        return Verdict(KEEP, shown + hint, None, status)
    if status == 413:
        return Verdict(TOO_LARGE, shown, None, status)
    if status in (400, 422):
        return Verdict(POINTS, text or shown, None, status)
    if 300 <= status < 400:
        target = headers.get("Location", "another address").partition("?")[0]
        return Verdict(KEEP, f"{shown}: redirected to {target}; put the final address into urls", None, status)
    cure = _CURES.get(status)
    return Verdict(KEEP, f"{shown} ({cure})" if cure else shown, retry_after(headers), status)


def names_points(message: str) -> bool:
    """Whether a 400's or 422's message is about points, not about the request."""
    return _ABOUT_POINTS.search(message) is not None


def quoted_lines(message: str) -> dict[str, str]:
    """The lines that the server quotes as unparsable, each with the reason."""
    return dict(_QUOTED.findall(message))


def named_conflict(message: str) -> Optional[tuple[str, str, str]]:
    """Measurement, field and type of the type conflict that a message names: only ever one, whatever their number."""
    found = _CONFLICT.search(message)
    return (found[2], found[1], found[3]) if found else None


def all_dropped(message: str, sent: int) -> bool:
    """Whether the server says that it dropped every one of the ``sent`` points of the request."""
    if "unable to parse" in message or _COUNTED.search(message) is None:
        return False
    counts = _DROPPED.findall(message)  # the last is the server's own; a name may hold such text too
    return bool(counts) and int(counts[-1]) >= sent
