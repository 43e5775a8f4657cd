"""Line protocol to metrics, strictly: what Telegraf's internal parser accepts, line by line.

A bad line does not take the payload's good lines with it. What follows an unterminated string is bad with it: what
looks like a line there may be part of the string, and a wrong point is worse than a dead letter.
"""

from __future__ import annotations

import re
import time
from typing import NamedTuple, Optional

from agent.errors import BadLine
from agent.metric import FieldValue, Metric, Uint

__all__ = ["LineError", "ParsedLines", "decode_line", "parse_lines"]

_INT64 = (-(1 << 63), (1 << 63) - 1)
_UINT64_MAX = (1 << 64) - 1

# Text is Latin-1 here: a character is a byte, and class \s would mean more than line protocol does.
_BLANK = re.compile(r"[ \t\v\f]*")
_SPACES = re.compile(r"[ \t\v\f]+")
# A backslash before a separator escapes it; before anything else it is itself, and what follows is read anew.
_MEASUREMENT = re.compile(
    r"(?:[^\t\n\v\f\r ,\\#]|\\[, ]|\\(?=[^\t\n\v\f\r ,]))(?:[^\t\n\v\f\r ,\\]|\\[, ]|\\(?=[^\t\n\v\f\r ,]))*"
)
_TAG_TEXT = re.compile(r"(?:[^\t\n\v\f\r ,=\\]|\\[,= ]|\\(?=[^\t\n\v\f\r ,=]))+")
_FIELD_KEY = _TAG_TEXT
_STRING = re.compile(r'"((?:[^"\\]|\\[\\"])*)"')
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))([iu])|(-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_BOOL = re.compile(r"(?:true|True|TRUE|t|T)|(false|False|FALSE|f|F)")
_TIME = re.compile(r"-?[0-9]{1,19}")
#: The rest of a bad line, strings with their newlines included. Stops at a quote that opens no whole string.
_REST = re.compile(r'(?:="(?:[^"\\]|\\.)*"|[^\n"]|(?<!=)")*', re.DOTALL)
_LINE_END = re.compile(r"\r?\n")
_VALUE_END = frozenset(" \t\v\f,\r\n")
_NAME_ESCAPE = re.compile(r"\\([, ])")
_KEY_ESCAPE = re.compile(r'\\([, ="])')
_STRING_ESCAPE = re.compile(r'\\([\\"])')


class LineError(ValueError):
    """A line does not parse.

    Args:
        reason: What was expected.
        at: Index of the byte in the text.
        in_fields: It is among the fields, where a string may hold newlines.
    """

    def __init__(self, reason: str, at: int, in_fields: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at
        self.in_fields = in_fields


class ParsedLines(NamedTuple):
    """What a payload holds."""

    metrics: list[Metric]
    bad: list[BadLine]


def _text(latin: str) -> str:
    """The text of bytes; what is not UTF-8 passes through and comes out again as the same bytes."""
    return latin if latin.isascii() else latin.encode("latin-1").decode("utf-8", "surrogateescape")


def _field(text: str, at: int) -> tuple[FieldValue, int]:
    """The field value at ``at`` and where it ends."""
    if text.startswith('"', at):
        match = _STRING.match(text, at)
        if match is None:
            raise LineError('expected field (unterminated string, or a backslash before other than \\ and ")', at)
        value = match[1]
        if "\\" in value:
            value = _STRING_ESCAPE.sub(r"\1", value)
        return _text(value), match.end()
    match = _NUMBER.match(text, at)
    if match is not None:
        end = match.end()
        if end < len(text) and text[end] not in _VALUE_END:
            raise LineError("expected field", at)
        if match[3] is not None:
            number = float(match[3])
            if number - number != 0:
                raise LineError("value out of range", at)
            return number, end
        whole = int(match[1])
        if match[2] == "i":
            if not _INT64[0] <= whole <= _INT64[1]:
                raise LineError("value out of range", at)
            return whole, end
        if not 0 <= whole <= _UINT64_MAX or match[1][0] == "-":
            raise LineError("value out of range", at)
        return Uint(whole), end
    match = _BOOL.match(text, at)
    if match is not None and (match.end() == len(text) or text[match.end()] in _VALUE_END):
        return match[1] is None, match.end()
    raise LineError("expected field", at)


def _line(text: str, at: int) -> tuple[Metric, int, bool]:
    """The metric that begins at ``at``, where its line's content ends, and whether it has a timestamp."""
    match = _MEASUREMENT.match(text, at)
    if match is None:
        raise LineError("expected measurement name", at, False)
    name, at = match[0], match.end()
    if "\\" in name:
        name = _NAME_ESCAPE.sub(r"\1", name)
    tags: dict[str, str] = {}
    while text.startswith(",", at):
        key = _TAG_TEXT.match(text, at + 1)
        if key is None or not text.startswith("=", key.end()):
            raise LineError("expected tag", at + 1, False)
        value = _TAG_TEXT.match(text, key.end() + 1)
        if value is None:
            raise LineError("expected tag", key.end() + 1, False)
        at = value.end()
        key_text, value_text = key[0], value[0]
        if "\\" in key_text:
            key_text = _KEY_ESCAPE.sub(r"\1", key_text)
        if "\\" in value_text:
            value_text = _KEY_ESCAPE.sub(r"\1", value_text)
        tags[_text(key_text)] = _text(value_text)
    spaces = _SPACES.match(text, at)
    if spaces is None:
        raise LineError("expected tag" if tags else "expected field", at, False)
    at = spaces.end()
    fields: dict[str, FieldValue] = {}
    while True:
        key = _FIELD_KEY.match(text, at)
        if key is None or not text.startswith("=", key.end()):
            raise LineError("expected field", at)
        key_text = key[0]
        if "\\" in key_text:
            key_text = _KEY_ESCAPE.sub(r"\1", key_text)
        fields[_text(key_text)], at = _field(text, key.end() + 1)
        if not text.startswith(",", at):
            break
        at += 1
    stamp = None
    spaces = _SPACES.match(text, at)
    if spaces is not None:
        at = spaces.end()
        match = _TIME.match(text, at)
        if match is not None:
            stamp = int(match[0])
            if not _INT64[0] <= stamp <= _INT64[1]:
                raise LineError("timestamp out of range", at)
            at = match.end()
            at = _BLANK.match(text, at).end()  # type: ignore[union-attr]
    if at < len(text) and _LINE_END.match(text, at) is None:
        raise LineError("expected timestamp" if spaces is not None else "expected field", at)
    return Metric(_text(name), fields, tags, stamp), at, stamp is not None


def _line_end(text: str, at: int) -> int:
    """The index after the next line end at or after ``at``."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _next_line(text: str, error: LineError) -> int:
    """Where to go on after a bad line; the end of the text if nobody can tell."""
    if not error.in_fields:
        return _line_end(text, error.at)
    opened = text.startswith('="', error.at - 1)
    end = _REST.match(text, error.at - 1 if opened else error.at).end()  # type: ignore[union-attr]
    return len(text) if text.startswith('"', end) else _line_end(text, end)


def parse_lines(data: bytes, unit: int = 1, now: Optional[int] = None) -> ParsedLines:
    """Every metric of a payload, and every line that is none.

    Args:
        data: Lines of line protocol; comments and blank lines are passed over.
        unit: Nanoseconds of one unit of the timestamps.
        now: The time of lines without one, cut to the unit; None: the time of the call.
    """
    text = data.decode("latin-1")
    metrics: list[Metric] = []
    bad: list[BadLine] = []
    at, length, number, counted = 0, len(text), 1, 0
    while at < length:
        start = _BLANK.match(text, at).end()  # type: ignore[union-attr]
        if start >= length:
            break
        if (text[start] in "\r\n" and _LINE_END.match(text, start) is not None) or text[start] == "#":
            at = _line_end(text, start)
            continue
        try:
            metric, end, timed = _line(text, start)
        except LineError as error:
            number += text.count("\n", counted, start)
            counted = start
            end = _next_line(text, error)
            shown = _text(text[start : min(end, start + 200)].rstrip("\r\n")).encode("utf-8", "replace").decode()
            column = error.at - (text.rfind("\n", 0, error.at) + 1) + 1
            bad.append(BadLine(number, f'{error.reason} at column {column}: "{shown}"'))
            at = end
            continue
        if timed:
            if unit != 1:
                metric.time *= unit  # type: ignore[operator]
        else:
            stamp = time.time_ns() if now is None else now
            metric.time = stamp // unit * unit
        metrics.append(metric)
        at = _line_end(text, end)
    return ParsedLines(metrics, bad)


def decode_line(line: bytes) -> Metric:
    """The metric of one line without its line end.

    Raises:
        LineError: It is none.
    """
    text = line.decode("latin-1")
    metric, end, _ = _line(text, _BLANK.match(text).end())  # type: ignore[union-attr]
    if end != len(text):
        raise LineError("expected one line", end)
    return metric
