"""Sample configurations, in Telegraf's style, from the plugins' own declarations of their options."""

from __future__ import annotations

import inspect
import json
import math
import textwrap
import typing
from collections.abc import Sequence
from typing import Any, Optional

import attrs

from agent.config.settings import AgentConfig
from agent.config.tables import COMMON
from agent.errors import PluginError
from agent.options import OptionInfo, option_infos
from agent.registry import Registry, nearest
from agent.values import Duration, Secret, Size

__all__ = ["describe_option", "find", "sample", "to_toml", "type_name"]

_HEAD = """\
# Configuration of pyagent. The format is Telegraf's.
#
# Options with their defaults are commented out; those without stand as examples. Text values may hold environment
# variables: "${NAME}", "${NAME:-default}", also where a number is meant. Check with: pyagent config check --config FILE
"""
_WIDTH = 110
_NAMES: dict[Any, str] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    Duration: "duration",
    Size: "size",
    Secret: "secret text",
    Any: "anything",
}
#: What stands for the value of an option without default and example.
_EMPTY: dict[Any, Any] = {str: "", int: 0, float: 0.0, bool: False, Duration: Duration(0), Size: 0, Secret: ""}
_TITLES = {"inputs": "INPUTS", "processors": "PROCESSORS", "aggregators": "AGGREGATORS", "outputs": "OUTPUTS"}


def find(registry: Registry, name: str, kinds: Sequence[str]) -> list[tuple[str, str]]:
    """The plugins that ``name`` (``kind.name`` or a name alone) means.

    Raises:
        PluginError: None; with the nearest name.
    """
    kind, dot, short = name.partition(".")
    if dot and kind in kinds:
        registry.describe(kind, short)
        return [(kind, short)]
    found = [(kind, name) for kind in kinds if name in registry.names(kind)]
    if not found:
        known = {other for kind in kinds for other in registry.names(kind)}
        raise PluginError(f'unknown plugin "{name}"{nearest(name, known) or "; see `pyagent plugins list`"}')
    return found


def sample(registry: Registry, plugins: Sequence[str] = (), distribution: str = "") -> str:
    """A commented configuration.

    Args:
        registry: Where plugins come from.
        plugins: Names of those to show, ready for use; empty: all, commented out.
        distribution: Only plugins of this distribution.
    """
    lines = [_HEAD]
    if plugins:
        wanted = [pair for name in plugins for pair in find(registry, name, tuple(COMMON))]
    else:
        wanted = [(kind, name) for kind in COMMON for name in registry.names(kind)]
        if distribution:
            wanted = [pair for pair in wanted if registry.describe(*pair).distribution.split()[0] == distribution]
    lines += [
        "# Tags for every metric.",
        "[global_tags]",
        '  # dc = "eu-1"',
        "",
        "[agent]",
        *_options(AgentConfig, "agent", "  ")[0],
    ]
    for kind in COMMON:
        names = [name for of, name in wanted if of == kind]
        if names and not plugins:
            lines += ["", "", "#" * 79, f"#{_TITLES[kind]:^77}#", "#" * 79]
            lines += _comment(f"Every one of them also takes: {_common(kind)}.", "# ")
        for name in names:
            try:
                lines += ["", *_plugin(registry, kind, name, commented=not plugins)]
            except PluginError as error:
                if plugins:
                    raise
                lines += _comment(f"{kind}.{name} cannot be shown: {error}", "# ")  # the others can
    return "\n".join(lines) + "\n"


def _common(kind: str) -> str:
    return ", ".join(info.name for info in option_infos(COMMON[kind]))


def _plugin(registry: Registry, kind: str, name: str, commented: bool) -> list[str]:
    cls = registry.load(kind, name)
    scalars, tables = _options(cls.Config, f"{kind}.{name}", "  ")
    for attribute, format_kind in (("uses_parser", "parsers"), ("uses_serializer", "serializers")):
        if getattr(cls, attribute, False):
            names = ", ".join(registry.names(format_kind))
            scalars += ["", *_comment(f"Format of the data: {names}. Its options stand in this table, too.", "  ## ")]
            scalars.append(f'  # data_format = "{cls.default_data_format}"')
    lines = [f"[[{kind}.{name}]]", *_trimmed(scalars), *tables]
    if commented:
        lines = [f"# {line}".rstrip() for line in lines]
    doc = (inspect.getdoc(cls) or "").split("\n\n")[0]
    return [*_comment(doc, "# "), *lines]


def _options(cls: type, table: str, indent: str) -> tuple[list[str], list[str]]:
    """The lines of a class's options: values first, then sub-tables, which must stand at a table's end."""
    scalars: list[str] = []
    tables: list[str] = []
    # A plugin's own options first, then those that it shares with others.
    shared = {field.name for field in attrs.fields(cls) if field.inherited}
    for info in sorted(option_infos(cls), key=lambda info: info.name in shared):
        doc = info.doc + (f" Deprecated: {info.deprecated}." if info.deprecated else "")
        inner = _inner(info.type)
        if info.deprecated:
            continue
        if inner is None:
            mark = "" if info.required else "# "
            scalars += ["", *_comment(_with_choices(info, doc), f"{indent}## ")]
            scalars.append(f"{indent}{mark}{info.name} = {to_toml(_shown(info))}")
            continue
        shape, content = inner
        path = f"{table}.{info.name}"
        header = f"[[{path}]]" if shape == "list" else f"[{path}.NAME]" if shape == "dict" else f"[{path}]"
        tables += ["", *_comment(doc, f"{indent}## "), f"{indent}# {header}"]
        if content is None:
            example = info.example if isinstance(info.example, dict) else {}
            tables += [f"{indent}#   {_key(key)} = {to_toml(value)}" for key, value in example.items()]
        else:
            below = header.strip("[]")
            first, rest = _options(content, below, "  ")
            tables += [f"{indent}# {line}".rstrip() for line in (*_trimmed(first), *rest)]
    return _trimmed(scalars), tables


def _trimmed(lines: list[str]) -> list[str]:
    return lines[1:] if lines and not lines[0] else lines


def _inner(declared: Any) -> Optional[tuple[str, Optional[type]]]:
    """For an option that is a sub-table: its shape, and the class of its options if there is one."""
    candidates = [t for t in (declared, *(typing.get_args(declared) if _is_union(declared) else ())) if t is not None]
    for candidate in candidates:
        origin, arguments = typing.get_origin(candidate), typing.get_args(candidate)
        if attrs.has(candidate):
            return "table", candidate
        if origin is list and arguments and attrs.has(arguments[0]):
            return "list", arguments[0]
        if origin is dict:
            return ("dict", arguments[1]) if attrs.has(arguments[1]) else ("table", None)
    return None


def _is_union(declared: Any) -> bool:
    return typing.get_origin(declared) is not None and type(None) in typing.get_args(declared)


def _shown(info: OptionInfo) -> Any:
    """The value of an option in a sample."""
    if info.example is not None:
        return info.example
    if not info.required and info.default is not None:
        return info.default
    if info.choices:
        return info.choices[0]
    candidates = (info.type, *(typing.get_args(info.type) if _is_union(info.type) else ()))
    for candidate in candidates:
        if candidate in _EMPTY:
            return _EMPTY[candidate]
        if list in (candidate, typing.get_origin(candidate)):
            return []
    return ""


def _with_choices(info: OptionInfo, doc: str) -> str:
    if not info.choices:
        return doc
    return f"{doc} One of: {', '.join(to_toml(choice) for choice in info.choices)}."


def to_toml(value: Any) -> str:
    """A value as TOML has it.

    Raises:
        TypeError: TOML has no such value.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Duration):
        return f'"{value}"'
    if isinstance(value, Secret):
        return '""'  # a default is never shown, whatever it is
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ("nan" if value != value else "inf" if value > 0 else "-inf")
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(to_toml, value))}]"
    if isinstance(value, dict):
        pairs = ", ".join(f"{_key(key)} = {to_toml(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    raise TypeError(f"TOML has no {type(value).__name__}")


def _key(key: str) -> str:
    return key if key and key.replace("-", "").replace("_", "").isalnum() and key.isascii() else json.dumps(key)


def _comment(text: str, mark: str) -> list[str]:
    return [f"{mark}{line}" for line in textwrap.wrap(" ".join(text.split()), _WIDTH - len(mark))]


def describe_option(info: OptionInfo) -> tuple[str, str]:
    """An option for people: ``name (type, default …)``, and its prose."""
    notes = [type_name(info.type)]
    if info.required:
        notes.append("required")
    elif info.default not in (None, "", [], {}) and not isinstance(info.default, Secret):
        notes.append(f"default {to_toml(info.default) if not attrs.has(type(info.default)) else 'see there'}")
    doc = _with_choices(info, info.doc)
    if info.aliases:
        doc += f" Older names: {', '.join(info.aliases)}."
    if info.deprecated:
        doc += f" Deprecated: {info.deprecated}."
    return f"{info.name} ({', '.join(notes)})", doc


def type_name(declared: Any) -> str:
    """A declared type in words."""
    if declared in _NAMES:
        return _NAMES[declared]
    arguments = [argument for argument in typing.get_args(declared) if argument is not type(None)]
    origin = typing.get_origin(declared)
    if origin is list:
        return f"list of {type_name(arguments[0])}"
    if origin is dict:
        return f"table of {type_name(arguments[1])}"
    if arguments:
        return " or ".join(map(type_name, arguments))
    return "table"
