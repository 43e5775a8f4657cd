"""Where things stand in a TOML file: the lines of headers and keys, which tomli does not tell.

A scanner, not a parser: it assumes valid TOML (tomli checks) and knows strings, brackets and comments only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, Union

__all__ = ["Place", "Places", "scan", "strip_comments"]

Path = tuple[Union[str, int], ...]

_STRING = r'"""(?:\\.|[^\\])*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:\\.|[^"\\\n])*"' + r"|'[^'\n]*'"
_COMMENT = re.compile(rf"({_STRING})|#[^\n]*", re.DOTALL)
_KEY = re.compile(r"""\s*(?:"((?:\\.|[^"\\\n])*)"|'([^'\n]*)'|([A-Za-z0-9_\-]+))\s*(\.?)""")
_STEP = re.compile(rf"{_STRING}|[\[\]{{}}\n]", re.DOTALL)


class Place(NamedTuple):
    """A place in a file."""

    line: int
    """1-based; 0 if unknown."""
    header: str
    """The table's header as written, ``[[inputs.file]]``; empty above the first header."""


class Places(NamedTuple):
    """The places of a file's headers and keys, by path: ``("inputs", "file", 0, "files")``."""

    by_path: dict[Path, Place]

    def locate(self, path: Sequence[Union[str, int]]) -> Place:
        """The place of the key or table at ``path``, else of the nearest one around it."""
        for end in range(len(path), 0, -1):
            place = self.by_path.get(tuple(path[:end]))
            if place is not None:
                return place
        return Place(0, "")


def strip_comments(text: str) -> str:
    """The text without its comments; line numbers stay."""
    return _COMMENT.sub(lambda match: match[1] or "", text)


def scan(text: str) -> Places:
    """Find headers and keys."""
    text = strip_comments(text.replace("\r\n", "\n"))
    by_path: dict[Path, Place] = {}
    arrays: dict[Path, int] = {}  # path of an array of tables -> index of its last table
    table: Path = ()
    header = ""
    at, line, counted = 0, 1, 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        line += text.count("\n", counted, at)
        counted = at
        if text[at] == "[":
            array = text.startswith("[[", at)
            keys, end = _keys(text, at + (2 if array else 1))
            table = _resolve(keys, arrays, array)
            stop = text.find("]", end) + (2 if array else 1)
            header = text[at:stop] if stop > end else text[at:end]
            by_path.setdefault(table, Place(line, header))
            at = stop if stop > at else end
        else:
            keys, end = _keys(text, at)
            for length in range(1, len(keys) + 1):
                by_path.setdefault((*table, *keys[:length]), Place(line, header))
            at = _skip_value(text, max(end, at + 1))
    return Places(by_path)


def _keys(text: str, at: int) -> tuple[list[str], int]:
    keys: list[str] = []
    while True:
        match = _KEY.match(text, at)
        if match is None:
            return keys, at
        keys.append(next(group for group in match.group(1, 2, 3) if group is not None))
        at = match.end()
        if not match[4]:
            return keys, at


def _resolve(keys: list[str], arrays: dict[Path, int], array: bool) -> Path:
    path: Path = ()
    for position, key in enumerate(keys):
        path = (*path, key)
        if array and position == len(keys) - 1:
            arrays[path] = arrays.get(path, -1) + 1
        if path in arrays:
            path = (*path, arrays[path])
    return path


def _skip_value(text: str, at: int) -> int:
    depth = 0
    while True:
        match = _STEP.search(text, at)
        if match is None:
            return len(text)
        at = match.end()
        token = match[0]
        if token in "[{":
            depth += 1
        elif token in "]}":
            depth -= 1
        elif token == "\n" and depth <= 0:
            return at
