"""Validates whole payloads of line protocol at C speed, so that untouched lines need not be decoded.

The pattern accepts a subset of what the strict parser accepts: plain spaces, a timestamp that surely fits 64 bits,
integers of at most 18 digits, no newline inside strings, no comments. What it refuses goes the strict way; what it accepts, the strict
parser accepts too, with the same values (a property that the tests hold).

A string of the pattern holds no newline, so payloads may be joined by newlines and matched at once: each closes
its own lines. (``m f="abc`` and ``def" 17`` are invalid alone; were newlines allowed in strings, they would be one
valid point together.)
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any, Optional

__all__ = ["AVAILABLE", "valid_block"]

# Bytes are matched as Latin-1, so a negated class passes all of UTF-8, valid or not.
_NAME = r"(?:[^\x00-\x20\x7f,\\#\"]|\\[, ])(?:[^\x00-\x20\x7f,\\]|\\[, ])*"
_TEXT = r"(?:[^\x00-\x20\x7f,=\\]|\\[,= ])+"
_VALUE = (
    r"(?:-?(?:0|[1-9][0-9]{0,17})i"
    r"|-?[0-9]{1,100}(?:\.[0-9]{0,100})?(?:[eE][+-]?[0-9]{1,2})?"
    r'|"(?:[^\x00-\x08\x0a-\x1f"\\]|\\["\\])*"'
    r"|[tT](?:rue)?|TRUE|[fF](?:alse)?|FALSE)"
)
_LINE = rf"{_NAME}(?:,{_TEXT}={_TEXT})* {_TEXT}={_VALUE}(?:,{_TEXT}={_VALUE})* -?(?:[1-8][0-9]{{18}}|[0-9]{{1,18}})"


def _possessive(pattern: str) -> str:
    """For ``re`` from 3.11 on: no backtracking, so that a hostile line costs linear time."""
    return pattern.replace(")*", ")*+").replace(")+", ")++")


def _compile() -> Optional[Callable[[bytes], Any]]:
    """The match of a block of lines joined by newlines; None where no linear-time engine is to be had."""
    block = rf"{_LINE}(?:\n{_LINE})*\n?"
    try:
        import re2
    except ImportError:
        if sys.version_info < (3, 11):
            return None
        return re.compile(_possessive(block).encode("latin-1")).fullmatch
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = 64 << 20
    options.never_capture = True
    return re2.compile(block.encode("latin-1"), options).fullmatch  # type: ignore[no-any-return]


_match = _compile()
#: Whether there is a fast way on this Python. Without one, everything goes the strict way.
AVAILABLE = _match is not None


def valid_block(lines: bytes) -> bool:
    """Whether every line of the bytes is surely valid. False says nothing: ask the strict parser.

    Args:
        lines: Lines joined by single newlines. They may come from several payloads, provided that no string
            spans two of them: the pattern's strings hold no newline, so that a payload's end closes its line.
    """
    return _match is not None and _match(lines) is not None
