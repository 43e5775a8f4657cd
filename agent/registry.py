"""Finds plugins by name among the entry points of every installed distribution, and imports only those asked for.

Entry points name the classes, pluggy keeps them: under ``inputs.kafka_consumer``, kind included, since pluggy
silently skips a name that it knows already, even one of another kind.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Optional

import pluggy

from agent.contracts import (
    Aggregator,
    Input,
    Output,
    Parser,
    Plugin,
    Processor,
    SecretStore,
    Serializer,
    StreamInput,
)
from agent.errors import PluginError

if sys.version_info >= (3, 10):
    from importlib import metadata
else:  # the standard library's 3.9 entry points do not know their distribution
    import importlib_metadata as metadata

__all__ = ["KINDS", "PluginInfo", "Registry", "nearest"]

#: Kind -> (what one of it is called, its contracts, what it must define itself: one of these).
_CONTRACTS: dict[str, tuple[str, tuple[type, ...], tuple[str, ...]]] = {
    "inputs": ("input", (Input, StreamInput), ("gather", "poll")),
    "parsers": ("parser", (Parser,), ("parse", "parse_many")),
    "processors": ("processor", (Processor,), ("apply",)),
    "aggregators": ("aggregator", (Aggregator,), ("push",)),
    "outputs": ("output", (Output,), ("write",)),
    "serializers": ("serializer", (Serializer,), ("serialize",)),
    "secretstores": ("secret store", (SecretStore,), ("get",)),
}
KINDS = tuple(_CONTRACTS)


def nearest(name: str, known: Iterable[str]) -> str:
    """``; did you mean "x"?`` for the known name most like ``name``; empty where none is like it."""
    folded = {other.lower(): other for other in sorted(known)}
    found = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    return f'; did you mean "{folded[found[0]]}"?' if found else ""


class PluginInfo(NamedTuple):
    """What is known of a plugin without importing it."""

    kind: str
    name: str
    target: str
    """``module:Class``."""
    distribution: str
    """``name version``."""


class Registry(pluggy.PluginManager):
    """Every plugin that is installed, by kind and name.

    Args:
        entry_points: What to look into instead of the installed distributions; for tests.
    """

    def __init__(self, entry_points: Optional[Iterable[Any]] = None) -> None:
        super().__init__("pyagent")
        self._given = entry_points
        self._index: dict[str, dict[str, list[Any]]] = {}
        self._classes: dict[str, type[Plugin[Any]]] = {}
        self._added: dict[str, dict[str, type[Plugin[Any]]]] = {kind: {} for kind in KINDS}

    def names(self, kind: str) -> list[str]:
        """The names of all plugins of a kind, sorted; nothing is imported."""
        return sorted({*self._entry_points(kind), *self._added[kind]})

    def describe(self, kind: str, name: str) -> PluginInfo:
        """What the metadata says of a plugin; nothing is imported.

        Raises:
            PluginError: There is no such plugin, or several distributions have one of that name.
        """
        if name in self._added[kind]:
            cls = self._added[kind][name]
            return PluginInfo(kind, name, f"{cls.__module__}:{cls.__qualname__}", "added at run time")
        entry_point = self._entry_point(kind, name)
        return PluginInfo(kind, name, entry_point.value, _distribution(entry_point))

    def add(self, kind: str, name: str, cls: type[Plugin[Any]]) -> None:
        """Make a class known that no distribution declares. It goes before an installed one of that name."""
        full = f"{kind}.{name}"
        _check(full, kind, cls, "added at run time")
        self._added[kind][name] = cls
        self._keep(full, cls)

    def load(self, kind: str, name: str) -> type[Any]:
        """The plugin's class; its module is imported, and no other plugin's.

        Raises:
            PluginError: There is no such plugin, several distributions have one of that name, it does not
                import, or it does not meet its contract. The message names the distribution.
        """
        full = f"{kind}.{name}"
        if full in self._classes:
            return self._classes[full]
        entry_point = self._entry_point(kind, name)
        source = f"{_distribution(entry_point)} ({entry_point.value})"
        try:
            cls: type[Any] = entry_point.load()
        except Exception as error:  # a stranger's module may raise anything
            reason = str(error) or type(error).__name__
            if not isinstance(error, (ImportError, AttributeError)):
                reason = f"{type(error).__name__}: {reason}"
            raise PluginError(f"{full!r} from {source} failed to import: {reason}{_cure(error)}") from error
        _check(full, kind, cls, source)
        self._keep(full, cls)
        return cls

    def _keep(self, full: str, cls: type[Plugin[Any]]) -> None:
        self._classes[full] = cls
        if self.has_plugin(full):
            self.unregister(name=full)
        if not self.is_registered(cls):  # one class may serve several names; pluggy keeps it under the first
            self.register(cls, name=full)

    def _entry_points(self, kind: str) -> dict[str, list[Any]]:
        if not self._index:
            index: dict[str, dict[str, list[Any]]] = {kind: {} for kind in KINDS}
            for entry_point in _installed() if self._given is None else self._given:
                group = entry_point.group
                if group.startswith("pyagent_") and group[8:] in index:
                    index[group[8:]].setdefault(entry_point.name, []).append(entry_point)
            self._index = index
        return self._index[kind]

    def _entry_point(self, kind: str, name: str) -> Any:
        found = self._entry_points(kind).get(name, [])
        if not found:
            word = _CONTRACTS[kind][0]
            raise PluginError(
                f'unknown {word} "{name}"{nearest(name, self.names(kind)) or self._elsewhere(kind, name)}'
            )
        if len(found) > 1:
            sources = " and by ".join(_distribution(entry_point) for entry_point in found)
            raise PluginError(f"'{kind}.{name}' is provided by {sources}; uninstall one of them")
        return found[0]

    def _elsewhere(self, kind: str, name: str) -> str:
        kinds = [other for other in KINDS if other != kind and name in self.names(other)]
        return f"; it exists as {kinds[0]}.{name}" if kinds else "; `pyagent plugins list` shows those installed"


def _installed() -> Iterator[Any]:
    """The entry points of every distribution, each distribution once, the first on the path before others."""
    seen = set()
    for dist in metadata.distributions():
        name = re.sub(r"[-_.]+", "-", dist.metadata["Name"] or "").lower()
        if name not in seen:
            seen.add(name)
            yield from dist.entry_points


def _distribution(entry_point: Any) -> str:
    dist = getattr(entry_point, "dist", None)
    return f"{dist.name} {dist.version}" if dist is not None else "an unknown distribution"


def _cure(error: Exception) -> str:
    missing = isinstance(error, ModuleNotFoundError) and error.name
    return f"; install the distribution that provides the module {missing!r}" if missing else ""


def _check(full: str, kind: str, cls: object, source: str) -> None:
    word, contracts, methods = _CONTRACTS[kind]
    article = "an" if word[0] in "aeiou" else "a"
    if not isinstance(cls, type) or not issubclass(cls, contracts):
        names = " or ".join(contract.__name__ for contract in contracts)
        raise PluginError(f"{full!r} from {source} is not {article} {word}: it must be a class derived from {names}")
    if not any(_defines(cls, method, contracts) for method in methods):
        wanted: Sequence[str] = [m for m in methods if any(hasattr(c, m) and issubclass(cls, c) for c in contracts)]
        raise PluginError(f"{full!r} from {source} is not {article} {word}: it lacks {wanted[0]}()")


def _defines(cls: type, method: str, contracts: tuple[type, ...]) -> bool:
    own = getattr(cls, method, None)
    return own is not None and all(own is not getattr(contract, method, None) for contract in contracts)
