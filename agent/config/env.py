"""Environment variables in configurations: ``$VAR``, ``${VAR}``, ``${VAR:-default}`` and their kin.

Strict (the default): string values are substituted after the TOML is parsed; a value's quotes do no harm.
Non-strict: the text is substituted before it is parsed, so that numbers and tables may come from variables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Union

__all__ = ["EnvText", "MissingVariable", "NumberText", "expand", "expand_values"]

_NAME = re.compile(r"[_A-Za-z][_A-Za-z0-9]*")
_OPERATOR = re.compile(r":?[-+?]")


class EnvText(str):
    """A string value that comes, wholly or partly, from the environment: it may stand for a number."""

    __slots__ = ()


class NumberText(EnvText):
    """Text of the file itself, in an option where Telegraf takes text for a number, too."""

    __slots__ = ()


class MissingVariable(ValueError):
    """``${VAR:?why}``, and VAR is missing."""


def expand(
    text: str, environ: Mapping[str, str], *, old: bool = False, unset: Callable[[str], object] = lambda _: None
) -> str:
    """Substitute the variables of a text.

    Args:
        text: Any text.
        environ: The variables.
        old: ``$$`` is no escape for ``$``.
        unset: Called with the name of each variable that is not set and has no default; its text stays as it is.

    Raises:
        MissingVariable: A variable that the text declares as required.
    """
    if "$" not in text:
        return text
    out: list[str] = []
    at = 0
    while True:
        dollar = text.find("$", at)
        if dollar < 0 or dollar + 1 >= len(text):
            out.append(text[at:])
            return "".join(out)
        out.append(text[at:dollar])
        after = text[dollar + 1]
        if after == "$":
            # Without the escape the first dollar is plain text, and the second may begin a variable.
            out.append("$")
            at = dollar + (1 if old else 2)
            continue
        if after == "{":
            end = _closing(text, dollar + 1)
            made = None if end < 0 else _braced(text[dollar + 2 : end], environ, old, unset)
            at = dollar + 2 if made is None else end + 1
            out.append("${" if made is None else made)
            continue
        name = _NAME.match(text, dollar + 1)
        if name is None:
            out.append("$")
            at = dollar + 1
            continue
        at = name.end()
        if name[0] not in environ:
            unset(name[0])
        out.append(environ.get(name[0], text[dollar:at]))


def expand_values(
    value: Any,
    environ: Mapping[str, str],
    *,
    old: bool = False,
    unset: Callable[[tuple[Union[str, int], ...], str], object] = lambda _path, _name: None,
    missing: Callable[[tuple[Union[str, int], ...], str], object] = lambda _path, _message: None,
    _path: tuple[Union[str, int], ...] = (),
) -> Any:
    """Substitute the variables in every string of a parsed TOML document; keys are left alone.

    Args:
        value: The document, or a part of it.
        environ: The variables.
        old: ``$$`` is no escape for ``$``.
        unset: Called with path and name of each variable that is not set and has no default.
        missing: Called with path and message of each required variable that is missing.

    Returns:
        A copy. A string that a variable had a part in is an :class:`EnvText`.
    """
    if isinstance(value, str):
        try:
            text = expand(value, environ, old=old, unset=lambda name: unset(_path, name))
        except MissingVariable as error:
            missing(_path, str(error))
            return EnvText("")
        return value if text == value else EnvText(text)
    options: dict[str, Any] = {"old": old, "unset": unset, "missing": missing}
    if isinstance(value, dict):
        return {key: expand_values(item, environ, _path=(*_path, key), **options) for key, item in value.items()}
    if isinstance(value, list):
        return [expand_values(item, environ, _path=(*_path, index), **options) for index, item in enumerate(value)]
    return value


def _closing(text: str, at: int) -> int:
    """Index of the brace that closes the one at ``at``, or -1."""
    depth = 0
    for index in range(at, len(text)):
        if text[index] == "{":
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if not depth:
                return index
    return -1


def _braced(inner: str, environ: Mapping[str, str], old: bool, unset: Callable[[str], object]) -> str | None:
    """What ``${inner}`` stands for; None: it is no expression of ours (``${1}``)."""
    name = _NAME.match(inner)
    if name is None:
        return None
    value = environ.get(name[0])
    if name.end() == len(inner):
        if value is None:
            unset(name[0])
            return "${" + inner + "}"
        return value
    operator = _OPERATOR.match(inner, name.end())
    if operator is None:
        return None
    word = inner[operator.end() :]
    there = bool(value) if operator[0][0] == ":" else value is not None
    kind = operator[0][-1]
    if kind == "+":
        return expand(word, environ, old=old, unset=unset) if there else value or ""
    if there:
        return value or ""
    word = expand(word, environ, old=old, unset=unset)
    if kind == "?":
        raise MissingVariable(f"required variable {name[0]} is missing a value" + (f": {word}" if word else ""))
    return word
