"""From the values of a TOML table to an instance of a ``@config`` class; strictly, with every error collected.

cattrs alone turns "abc" into a list of letters and 1.9 into 1; here each type has a hook that takes what it
declares and nothing else. What is declared: integers for floats, numbers for durations, text for sizes and
secrets, and text *from the environment* (:class:`~agent.config.env.EnvText`) for numbers and booleans.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, time
from functools import cache
from typing import Any, NamedTuple, Union

import attrs
from cattrs import Converter

from agent.config.env import EnvText
from agent.config.secrets import SecretError, resolve
from agent.options import OptionInfo, option_infos
from agent.registry import nearest
from agent.values import Duration, Secret, Size

__all__ = ["Finding", "Structured", "keys_of", "structure"]

_UNIONS: tuple[Any, ...] = (Union, *((types.UnionType,) if hasattr(types, "UnionType") else ()))
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_TRUE = frozenset({"1", "t", "true", "yes", "on"})
_FALSE = frozenset({"0", "f", "false", "no", "off"})

Path = tuple[Union[str, int], ...]


class Finding(NamedTuple):
    """Something to say of a key."""

    path: Path
    """Where, below the table; the key first."""
    message: str
    named: bool = True
    """The message says itself which key it is about."""


class Structured(NamedTuple):
    """What became of a table."""

    value: Any
    """The instance; None if there are problems."""
    problems: list[Finding]
    warnings: list[Finding]


class _Refused(Exception):
    """Carries the findings of a value up to its table."""

    def __init__(self, findings: Iterable[Finding] | str) -> None:
        self.findings = [Finding((), findings, named=False)] if isinstance(findings, str) else list(findings)
        super().__init__(self.findings)


@cache
def _infos(cls: type) -> tuple[tuple[str, OptionInfo], ...]:
    return tuple(zip((field.name for field in attrs.fields(cls)), option_infos(cls)))


def keys_of(cls: type) -> dict[str, str]:
    """Every TOML key of a ``@config`` class, older names included, to the option's present key."""
    keys = {alias: info.name for _, info in _infos(cls) for alias in info.aliases}
    keys.update((info.name, info.name) for _, info in _infos(cls))
    return keys


def structure(cls: type, table: Mapping[str, Any], ignore: Collection[str] = ()) -> Structured:
    """Make an instance of a ``@config`` class.

    Args:
        cls: The class.
        table: The values as tomli gives them.
        ignore: Keys that are somebody else's.
    """
    problems: list[Finding] = []
    warnings = list(_notices(cls, table))
    keys = keys_of(cls)
    for key in table:
        if key not in keys and key not in ignore:
            problems.append(Finding((key,), f'unknown option "{key}"{nearest(key, keys)}'))
    values: dict[str, Any] = {}
    for attribute, info in _infos(cls):
        value = _pick(info, table, problems)
        if value is attrs.NOTHING:
            if info.required:
                problems.append(Finding((), f'the required option "{info.name}" is missing'))
            continue
        key = info.name if info.name in table else next(alias for alias in info.aliases if alias in table)
        try:
            values[attribute] = _choose(info, _CONVERTER.structure(value, info.type))
        except _Refused as refused:
            problems += [_under(key, finding) for finding in refused.findings]
    if problems:
        return Structured(None, problems, warnings)
    return Structured(cls(**values), problems, warnings)


def _under(key: str, finding: Finding) -> Finding:
    """The finding as the table around it reports it."""
    path = (key, *finding.path)
    if finding.named:
        return Finding(path, finding.message)
    label = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    return Finding(path, f"{label}: {finding.message}")


def _pick(info: OptionInfo, table: Mapping[str, Any], problems: list[Finding]) -> Any:
    """The value of an option under whichever of its names, or NOTHING."""
    given = _given(info, table)
    if not given:
        return attrs.NOTHING
    if len(given) == 1:
        return table[given[0]]
    if all(isinstance(table[key], list) for key in given):
        return [item for key in given for item in table[key]]
    problems.append(Finding((given[-1],), f"{' and '.join(given)} are one option; keep {info.name}"))
    return table[given[-1]]


def _given(info: OptionInfo, table: Mapping[str, Any]) -> list[str]:
    return [key for key in (*info.aliases, info.name) if key in table]


def _notices(cls: type, table: Mapping[str, Any], path: Path = ()) -> Iterator[Finding]:
    """Older names and deprecated options that a table uses, sub-tables included."""
    for _, info in _infos(cls):
        for key in _given(info, table):
            if key != info.name:
                yield Finding((*path, key), f'"{key}" is an older name of "{info.name}"')
            if info.deprecated:
                yield Finding((*path, key), f'"{key}" is deprecated: {info.deprecated}')
            inner = next((t for t in (info.type, *typing.get_args(info.type)) if attrs.has(t)), None)
            if inner is None:
                continue
            value = table[key]
            parts: Iterable[tuple[Path, Any]] = [((), value)]
            if isinstance(value, list):
                parts = [((index,), item) for index, item in enumerate(value)]
            elif typing.get_origin(info.type) is dict and isinstance(value, dict):
                parts = [((name,), item) for name, item in value.items()]
            for below, part in parts:
                if isinstance(part, dict):
                    yield from _notices(inner, part, (*path, key, *below))


def _choose(info: OptionInfo, value: Any) -> Any:
    if not info.choices or value is None:
        return value
    if isinstance(value, list):
        return [_choose(info, item) for item in value]
    for choice in info.choices:
        if value == choice or (isinstance(choice, str) and isinstance(value, str) and choice.lower() == value.lower()):
            return choice
    shown = ", ".join(repr(c).replace("'", '"') for c in info.choices)
    texts = [choice for choice in info.choices if isinstance(choice, str)]
    raise _Refused(f"{_show(value)} is none of {shown}{nearest(value, texts) if isinstance(value, str) else ''}")


def _show(value: Any) -> str:
    if type(value) is EnvText:  # it may be a password in the wrong place
        return "the value from the environment"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}…"'
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return str(value)


def _unset(value: Any) -> str:
    """A hint where a variable that is not set is the cause."""
    match = _VARIABLE.fullmatch(value.strip()) if isinstance(value, str) else None
    return f"; the environment variable {match[1]} is not set" if match else ""


# ---- the hooks --------------------------------------------------------------------------------------------


def _text(value: Any, _type: Any) -> str:
    if isinstance(value, str):
        return str(value)  # EnvText, too, ends here
    if isinstance(value, (bool, int, float, date, time)):
        raise _Refused(f'{_show(value)} is no text; write "{_show(value)}"')
    raise _Refused(f"{_show(value)} is no text")


def _integer(value: Any, _type: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, EnvText):
        try:
            return int(value.strip())
        except ValueError:
            pass
    hint = f"; write {value}" if isinstance(value, str) and re.fullmatch(r"-?\d+", value) else _unset(value)
    raise _Refused(f"{_show(value)} is no integer{hint}")


def _float(value: Any, _type: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, EnvText):
        try:
            return float(value.strip())
        except ValueError:
            pass
    raise _Refused(f"{_show(value)} is no number{_unset(value)}")


def _boolean(value: Any, _type: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, EnvText) and value.strip().lower() in _TRUE | _FALSE:
        return value.strip().lower() in _TRUE
    hint = (
        f"; write {value.lower()}" if isinstance(value, str) and value.lower() in ("true", "false") else _unset(value)
    )
    raise _Refused(f"{_show(value)} is neither true nor false{hint}")


def _parsed(value: Any, cls: Any) -> Any:
    try:
        return cls.parse(str(value) if isinstance(value, str) else value)
    except (ValueError, ArithmeticError, TypeError, AttributeError) as error:
        what = "duration" if cls is Duration else "size"
        if type(value) is EnvText or f"no {what}" not in str(error):
            raise _Refused(f"{_show(value)} is no {what}") from None
        raise _Refused(f"{error}{_unset(value)}") from None


def _secret(value: Any, _type: Any) -> Secret:
    # No message of this hook may show the value.
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise _Refused("this must be text")
    text = str(value)
    try:
        return Secret(resolve(text))
    except SecretError as error:
        raise _Refused(str(error)) from None


def _list(declared: Any) -> Callable[[Any, Any], Any]:
    (item_type,) = typing.get_args(declared) or (Any,)

    def hook(value: Any, _type: Any) -> list[Any]:
        if not isinstance(value, list):
            hint = f"; write [{_show(value)}]" if isinstance(value, (str, int, float)) else ""
            if attrs.has(item_type) and isinstance(value, dict):
                hint = "; write its header in double brackets"
            raise _Refused(f"{_show(value)} is no list{hint}")
        return _each(enumerate(value), item_type)

    return hook


def _dict(declared: Any) -> Callable[[Any, Any], Any]:
    _, item_type = typing.get_args(declared) or (str, Any)

    def hook(value: Any, _type: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _Refused(f"{_show(value)} is no table")
        keys = list(value)
        return dict(zip(keys, _each(value.items(), item_type)))

    return hook


def _each(items: Iterable[tuple[Any, Any]], item_type: Any) -> list[Any]:
    made: list[Any] = []
    findings: list[Finding] = []
    for key, item in items:
        try:
            made.append(_CONVERTER.structure(item, item_type))
        except _Refused as refused:
            findings += [finding._replace(path=(key, *finding.path)) for finding in refused.findings]
    if findings:
        raise _Refused(findings)
    return made


def _union(declared: Any) -> Callable[[Any, Any], Any]:
    types_ = [t for t in typing.get_args(declared) if t is not type(None)]

    def hook(value: Any, _type: Any) -> Any:
        refusals = []
        for candidate in types_:
            try:
                return _CONVERTER.structure(value, candidate)
            except _Refused as refused:
                refusals.append(refused)
        if len(refusals) == 1:
            raise refusals[0]
        raise _Refused("; ".join(finding.message for refused in refusals for finding in refused.findings))

    return hook


def _table(declared: Any) -> Callable[[Any, Any], Any]:
    def hook(value: Any, _type: Any) -> Any:
        if not isinstance(value, dict):
            raise _Refused(f"{_show(value)} is no table")
        made = structure(declared, value)
        if made.problems:
            raise _Refused(made.problems)
        return made.value

    return hook


def _converter() -> Converter:
    converter = Converter(detailed_validation=False)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(int, _integer)
    converter.register_structure_hook(float, _float)
    converter.register_structure_hook(bool, _boolean)
    converter.register_structure_hook(Secret, _secret)
    converter.register_structure_hook(Duration, _parsed)
    converter.register_structure_hook(Size, _parsed)
    converter.register_structure_hook_factory(lambda t: list in (t, typing.get_origin(t)), _list)
    converter.register_structure_hook_factory(lambda t: dict in (t, typing.get_origin(t)), _dict)
    converter.register_structure_hook_factory(lambda t: typing.get_origin(t) in _UNIONS, _union)
    converter.register_structure_hook_factory(attrs.has, _table)
    return converter


_CONVERTER = _converter()
