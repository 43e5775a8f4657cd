"""The metric: the one value that everything here moves. Imports nothing of ours."""

from __future__ import annotations

from typing import Any, Union

__all__ = ["FieldValue", "Metric", "Uint"]


class Uint(int):
    """An unsigned 64-bit field value: line protocol's ``42u``. A plain ``int`` is the signed ``42i``."""

    __slots__ = ()


#: What a field may hold. ``bool`` is a subclass of ``int``: test for it first.
FieldValue = Union[float, int, Uint, str, bool]


class Metric:
    """One measurement: a name, tags, fields and a time.

    Args:
        name: The measurement's name.
        fields: Field name to value, in the order in which they are written.
        tags: Tag name to value; both text. Sorted only when a serializer needs it.
        time: Nanoseconds since the Unix epoch, or None for "the time at which the runtime takes it in".

    ``origin`` is opaque: where the metric came from, carried by :meth:`copy`, used for dead letters.
    """

    __slots__ = ("fields", "name", "origin", "tags", "time")

    def __init__(
        self,
        name: str,
        fields: dict[str, FieldValue],
        tags: dict[str, str] | None = None,
        time: int | None = None,
        origin: Any = None,
    ) -> None:
        self.name = name
        self.fields = fields
        self.tags = {} if tags is None else tags
        self.time = time
        self.origin = origin

    def copy(self) -> Metric:
        """A metric of its own with the same content and the same origin."""
        return Metric(self.name, dict(self.fields), dict(self.tags), self.time, self.origin)

    def __eq__(self, other: object) -> bool:
        """Same name, tags, fields with their exact types, and time. The origin does not count."""
        if not isinstance(other, Metric):
            return NotImplemented
        return (
            self.name == other.name
            and self.time == other.time
            and self.tags == other.tags
            and self.fields == other.fields
            and all(type(v) is type(other.fields[k]) for k, v in self.fields.items())
        )

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"Metric({self.name!r}, fields={self.fields!r}, tags={self.tags!r}, time={self.time!r})"
