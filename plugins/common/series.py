"""What aggregators keep for each series."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from pyagent import Metric

__all__ = ["BySeries", "numbers"]

T = TypeVar("T")


class BySeries(Generic[T]):
    """A value for each series (name and tag set), in the order of their first metrics.

    Args:
        make: Makes the value of a new series.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._values: dict[tuple[object, ...], tuple[str, dict[str, str], T]] = {}

    def of(self, metric: Metric) -> T:
        """The value of the metric's series."""
        key = (metric.name, *sorted(metric.tags.items()))
        found = self._values.get(key)
        if found is None:
            found = self._values[key] = (metric.name, dict(metric.tags), self._make())
        return found[2]

    def items(self) -> Iterator[tuple[str, dict[str, str], T]]:
        """Name, tags (a copy) and value of each series."""
        for name, tags, value in self._values.values():
            yield name, dict(tags), value

    def clear(self) -> None:
        """Forget all."""
        self._values.clear()


def numbers(metric: Metric) -> Iterator[tuple[str, float]]:
    """The metric's numeric fields as floats; texts and booleans are left out."""
    for key, value in metric.fields.items():
        if not isinstance(value, (str, bool)):
            yield key, float(value)
