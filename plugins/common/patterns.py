"""Regular expressions as Telegraf's users write them: RE2's syntax, Go's ``$1`` in replacements."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

__all__ = ["Pattern", "compile_pattern"]

_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")
#: What RE2 means otherwise than ``re``: refused where only ``re`` is at hand, never guessed.
_NOT_RE2 = re.compile(r"\(\?(?:[=!]|<[=!]|P=)|(?<!\\)(?:\\\\)*\\[1-9]")
_RE2_ONLY = re.compile(r"\[\[:|\\z|\\p|\\P|\\Q|\\C|\(\?U|\(\?[a-z]*U")


class Pattern:
    """A compiled expression. Made by :func:`compile_pattern`."""

    def __init__(self, text: str, compiled: Any) -> None:
        self.text = text
        self._compiled = compiled
        self._names: dict[str, int] = dict(compiled.groupindex)
        #: Every group has a name, and there is one.
        self.all_named = 0 < compiled.groups == len(self._names)

    def search(self, text: str) -> bool:
        """Whether it is found in the text."""
        return self._compiled.search(text) is not None

    def groups(self, text: str) -> dict[str, str]:
        """The named groups of the first match; "" where one took no part."""
        match = self._compiled.search(text)
        return {} if match is None else {name: match.group(name) or "" for name in self._names}

    def sub(self, replacement: str, text: str) -> str:
        """Every match replaced; ``$1_x`` is the group called ``1_x``, as in Go, so unknown and empty."""
        parts = _parts(replacement)

        def expand(match: Any) -> str:
            return "".join(part if literal else self._group(match, part) for literal, part in parts)

        return str(self._compiled.sub(expand, text))

    def _group(self, match: Any, name: str) -> str:
        if name.isdigit():
            return (match.group(int(name)) or "") if int(name) <= self._compiled.groups else ""
        return (match.group(name) or "") if name in self._names else ""


@lru_cache(maxsize=256)
def _parts(replacement: str) -> tuple[tuple[bool, str], ...]:
    """(literal?, text or group) of a replacement."""
    found, at = [], 0
    for match in _REFERENCE.finditer(replacement):
        if match.start() > at:
            found.append((True, replacement[at : match.start()]))
        name = match[1] or match[2]
        found.append((True, "$") if name is None else (False, name))
        at = match.end()
    if at < len(replacement):
        found.append((True, replacement[at:]))
    return tuple(found)


def compile_pattern(text: str) -> Pattern:
    """Compile an RE2 expression.

    Raises:
        ValueError: It is none, or it needs RE2, which is not installed (PyPy).
    """
    try:
        import re2
    except ImportError:
        if _NOT_RE2.search(text):
            raise ValueError("look-around and back-references are not part of RE2") from None
        if _RE2_ONLY.search(text):
            raise ValueError("it needs RE2 (pip install google-re2), which has no build for this Python") from None
        try:
            return Pattern(text, re.compile(text))
        except re.error as error:
            raise ValueError(str(error)) from error
    try:
        return Pattern(text, re2.compile(text))
    except re2.error as error:
        raise ValueError(str(error)) from error
