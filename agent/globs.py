r"""Globs as Telegraf's options have them: ``*``, ``**``, ``?``, ``[a-z]``, ``[!a]``, ``{a,b}`` and ``\``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Optional

__all__ = ["compile_globs"]

Match = Callable[[str], bool]


def _translate(pattern: str, separators: str) -> str:
    """A glob as an anchored regular expression. An unclosed bracket or brace stands for itself."""
    inside = f"[^{re.escape(separators)}]" if separators else "(?s:.)"
    out: list[str] = []
    depth, at, length = 0, 0, len(pattern)
    while at < length:
        char = pattern[at]
        at += 1
        if char == "*":
            if pattern.startswith("*", at):
                at += 1
                out.append("(?s:.*)")
            else:
                out.append(inside + "*")
        elif char == "?":
            out.append(inside)
        elif char == "[":
            end = pattern.find("]", at + 1)
            if end < 0:
                out.append(re.escape(char))
                continue
            body, at = pattern[at:end], end + 1
            negated = body.startswith("!")
            body = re.sub(r"([\\\[\]^&~|])", r"\\\1", body[1:] if negated else body)
            out.append(f"[{'^' if negated else ''}{body}]")
        elif char == "{" and "}" in pattern[at:]:
            depth += 1
            out.append("(?:")
        elif char == "}" and depth:
            depth -= 1
            out.append(")")
        elif char == "," and depth:
            out.append("|")
        elif char == "\\" and at < length:
            out.append(re.escape(pattern[at]))
            at += 1
        else:
            out.append(re.escape(char))
    return "".join(out) + ")" * depth


def compile_globs(patterns: Sequence[str], separators: str = "") -> Optional[Match]:
    """A test whether a text matches one of the patterns; None if there are none.

    A list in which no entry has ``*``, ``?`` or ``[`` is compared literally, braces included: so Telegraf does.

    Args:
        patterns: The globs.
        separators: Characters that ``*`` and ``?`` do not match. Any makes all entries globs.
    """
    if not patterns:
        return None
    if not separators and not any(char in pattern for pattern in patterns for char in "*?["):
        return frozenset(patterns).__contains__
    if not separators and "*" in patterns:
        return lambda _: True
    regex = re.compile("|".join(f"(?:{_translate(pattern, separators)})" for pattern in patterns))
    return lambda text: regex.fullmatch(text) is not None
