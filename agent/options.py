"""Options: one immutable class of typed options per plugin, from which everything else is made.

Validation, ``pyagent config create``, ``telegraf.toml.example``, the reference pages and the redaction of
secrets all read these declarations; an option is described once, here, by its author.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar, overload

import attrs
from typing_extensions import dataclass_transform

__all__ = ["NoConfig", "OptionInfo", "config", "option", "option_infos"]

_T = TypeVar("_T")
_C = TypeVar("_C", bound=type)
_KEY = "pyagent"
_MISSING: Any = object()


class OptionInfo(NamedTuple):
    """What is declared of one option."""

    name: str
    """The TOML key."""
    type: Any
    """The declared type, resolved."""
    doc: str
    default: Any
    """The default; ``attrs.NOTHING`` where the option is required."""
    choices: tuple[Any, ...]
    example: Any
    """What a sample configuration shows where the default says little; None: the default."""
    deprecated: str
    """What to use instead; empty: not deprecated."""
    aliases: tuple[str, ...]
    """Older names of the same option."""

    @property
    def required(self) -> bool:
        """True if the option has no default."""
        return self.default is attrs.NOTHING


@overload
def option(
    doc: str,
    *,
    default: _T,
    choices: Sequence[Any] = (),
    example: Any = None,
    deprecated: str = "",
    aliases: Sequence[str] = (),
    name: str = "",
) -> _T: ...
@overload
def option(
    doc: str,
    *,
    choices: Sequence[Any] = (),
    example: Any = None,
    deprecated: str = "",
    aliases: Sequence[str] = (),
    name: str = "",
) -> Any: ...
@overload
def option(
    doc: str,
    *,
    factory: Callable[[], _T],
    choices: Sequence[Any] = (),
    example: Any = None,
    deprecated: str = "",
    aliases: Sequence[str] = (),
    name: str = "",
) -> _T: ...
def option(
    doc: str,
    *,
    default: Any = _MISSING,
    factory: Callable[[], Any] | None = None,
    choices: Sequence[Any] = (),
    example: Any = None,
    deprecated: str = "",
    aliases: Sequence[str] = (),
    name: str = "",
) -> Any:
    """Declare one option of a ``@config`` class.

    Args:
        doc: Prose: what it does, its unit, its edge cases. Required: an option that cannot be described
            should not be one.
        default: The value when the key is absent. Without default and factory the option is required.
        factory: Makes the default where that is a list, a dict or another mutable value.
        choices: The accepted values, where they are few. Compared case-insensitively if text.
        example: A value for the sample configuration, where the default says little.
        deprecated: What to use instead. A deprecated option still works, with a warning.
        aliases: Older TOML keys of the same option.
        name: The TOML key, where it cannot be the attribute's name.

    Types: ``str``, ``int``, ``float``, ``bool``, ``Duration``, ``Size``, ``Secret``, ``list[…]``,
    ``dict[str, …]``, ``Optional[…]``, another ``@config`` class (a sub-table) or a list of one
    (an array of tables). Nothing is coerced but what those types declare.
    """
    if not doc.strip():
        raise TypeError("an option needs a description")
    metadata = {_KEY: (doc, tuple(choices), example, deprecated, tuple(aliases), name)}
    if factory is not None:
        return attrs.field(factory=factory, metadata=metadata)
    if default is _MISSING:
        return attrs.field(metadata=metadata)
    if isinstance(default, (list, dict)):
        made = default
        return attrs.field(factory=lambda: type(made)(made), metadata=metadata)
    return attrs.field(default=default, metadata=metadata)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(option,))
def config(cls: _C) -> _C:
    """Make an immutable class of options out of annotated :func:`option` declarations."""
    return attrs.define(frozen=True, kw_only=True, slots=True)(cls)  # type: ignore[return-value]


@config
class NoConfig:
    """For a plugin without options."""


def option_infos(cls: type) -> Iterator[OptionInfo]:
    """The declared options of a ``@config`` class, in order.

    Raises:
        TypeError: ``cls`` is no such class, or a field was declared without :func:`option`.
    """
    hints = typing.get_type_hints(cls)
    for field in attrs.fields(cls):
        if _KEY not in field.metadata:
            raise TypeError(f"{cls.__qualname__}.{field.name} must be declared with option()")
        doc, choices, example, deprecated, aliases, name = field.metadata[_KEY]
        default = field.default
        if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
            default = default.factory()  # type: ignore[union-attr]
        yield OptionInfo(name or field.name, hints[field.name], doc, default, choices, example, deprecated, aliases)
