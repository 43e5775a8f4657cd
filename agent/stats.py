"""What the agent knows of itself: counters and gauges per plugin."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple, Union

__all__ = ["PluginStatistics", "Snapshot", "Statistics"]

Value = Union[int, float]


class Snapshot(NamedTuple):
    """One plugin's (or partition's) figures at a moment."""

    kind: str
    """``inputs``, ``outputs``, ``agent``, ``lag``, ``series`` …"""
    name: str
    alias: str
    tags: dict[str, str]
    """What tells it apart besides: topic and partition of a lag, measurement of a series count."""
    values: dict[str, Value]


class PluginStatistics:
    """The counters of one plugin. Counted per batch, so a lock costs nothing that matters."""

    def __init__(self, kind: str, name: str, alias: str) -> None:
        self.kind, self.name, self.alias = kind, name, alias
        self._counters: dict[str, Value] = defaultdict(int)
        self._gauges: dict[str, Callable[[], Value]] = {}
        self._lock = threading.Lock()

    def count(self, name: str, by: Value = 1) -> None:
        """Raise a counter; it exists from the first time."""
        with self._lock:
            self._counters[name] += by

    def gauge(self, name: str, read: Callable[[], Value]) -> None:
        """Read this whenever somebody looks."""
        self._gauges[name] = read

    def get(self, name: str) -> Value:
        """A counter's value."""
        return self._counters.get(name, 0)

    def snapshot(self) -> Snapshot:
        """All figures now."""
        with self._lock:
            values = dict(self._counters)
        values.update({name: read() for name, read in self._gauges.items()})
        return Snapshot(self.kind, self.name, self.alias, {}, values)


class Statistics:
    """The figures of a pipeline."""

    def __init__(self) -> None:
        self._plugins: list[PluginStatistics] = []
        self._sources: list[Callable[[], list[Snapshot]]] = []

    def plugin(self, kind: str, name: str, alias: str = "", counters: tuple[str, ...] = ()) -> PluginStatistics:
        """The counters for one plugin; those named exist from the start, at zero."""
        statistics = PluginStatistics(kind, name, alias)
        for counter in counters:
            statistics.count(counter, 0)
        self._plugins.append(statistics)
        return statistics

    def source(self, read: Callable[[], list[Snapshot]]) -> None:
        """Figures that come and go, such as lag per partition."""
        self._sources.append(read)

    def snapshot(self) -> list[Snapshot]:
        """Everything now."""
        found = [plugin.snapshot() for plugin in self._plugins]
        for read in self._sources:
            found += read()
        return found

    def total(self, kind: str, counter: str) -> Value:
        """A counter summed over all plugins of a kind."""
        return sum(plugin.get(counter) for plugin in self._plugins if plugin.kind == kind)
