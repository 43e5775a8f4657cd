"""What a server's answer means: written, guilty points, too large, or keep and try again."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple, Optional

__all__ = ["KEEP", "POINTS", "TOO_LARGE", "WRITTEN", "Verdict", "judge", "names_points", "quoted_lines", "retry_after"]

WRITTEN, POINTS, TOO_LARGE, KEEP = "written", "points", "too large", "keep"
_MOST_WAIT = 600.0

#: Messages of a 400 or 422 that are about points. Any other may be about the request as a whole.
_ABOUT_POINTS = re.compile(
    r"unable to parse|field type conflict|points? beyond retention|outside retention policy|partial write"
    r"|input field .* is type|invalid (?:field|tag|timestamp|number|boolean|float|integer)|missing (?:fields|tag)"
    r"|time outside range|max (?:key|series|values)|duplicate tag",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"unable to parse '(.*?)': ", re.DOTALL)
_CURES = {
    401: "check token, username and password",
    403: "the credentials may not write there; give them the right, or change database or bucket",
    404: "create the database or bucket, or correct its name",
}


class Verdict(NamedTuple):
    """What to do with the points of a request."""

    kind: str
    """One of ``WRITTEN``, ``POINTS``, ``TOO_LARGE``, ``KEEP``."""
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
        return Verdict(KEEP, f"{shown} (no answer of an InfluxDB: is a proxy or login page in between?)", None, status)
    if status == 413:
        return Verdict(TOO_LARGE, shown, None, status)
    if status in (400, 422):
        return Verdict(POINTS, text or shown, None, status)
    if 300 <= status < 400:
        target = headers.get("Location", "another address")
        return Verdict(KEEP, f"{shown}: redirected to {target}; put the final address into urls", None, status)
    cure = _CURES.get(status)
    return Verdict(KEEP, f"{shown} ({cure})" if cure else shown, retry_after(headers), status)


def names_points(message: str) -> bool:
    """Whether a 400's or 422's message is about points, not about the request."""
    return _ABOUT_POINTS.search(message) is not None


def quoted_lines(message: str) -> list[str]:
    """The lines that the server quotes as unparsable."""
    return _QUOTED.findall(message)
