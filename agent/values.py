"""The value types of options that TOML does not have: durations, sizes, secrets."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

__all__ = ["Duration", "Secret", "Size"]

_UNIT_NS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # micro sign
    "μs": 1_000,  # Greek mu
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)")
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgtp]?i?b?)\s*", re.IGNORECASE)


class Duration(int):
    """A span of time in nanoseconds.

    In TOML: a string such as ``"10s"``, ``"1h30m"``, ``"1.5d"``, ``"250ms"``; a number is seconds.
    """

    __slots__ = ()

    @property
    def seconds(self) -> float:
        """The span in seconds."""
        return self / 1_000_000_000

    @classmethod
    def parse(cls, value: str | float) -> Duration:
        """Read a duration as it stands in TOML.

        Raises:
            ValueError: It is none; the message shows the accepted forms.
        """
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise ValueError(f'{value!r} is no duration; write "10s", "1h30m", "250ms" or a number of seconds')
        if not isinstance(value, str):
            return cls(int(Decimal(str(value)) * 1_000_000_000))
        text = value.strip()
        if not text:
            return cls(0)
        try:
            return cls(int(Decimal(text) * 1_000_000_000))
        except (InvalidOperation, ValueError, OverflowError):
            pass
        sign, rest = (-1, text[1:]) if text[0] == "-" else (1, text[1:] if text[0] == "+" else text)
        total, at = Decimal(0), 0
        for match in _DURATION_PART.finditer(rest):
            if match.start() != at:
                break
            total += Decimal(match[1]) * _UNIT_NS[match[2]]
            at = match.end()
        if at != len(rest) or not rest:
            raise ValueError(f'"{value}" is no duration; write "10s", "1h30m", "250ms", "1.5d" or a number of seconds')
        return cls(sign * int(total))

    def __str__(self) -> str:
        rest, parts = abs(int(self)), []
        for unit in ("h", "m", "s", "ms", "us", "ns"):
            count, rest = divmod(rest, _UNIT_NS[unit])
            if count:
                parts.append(f"{count}{unit}")
        return ("-" if self < 0 else "") + ("".join(parts) or "0s")

    def __repr__(self) -> str:
        return f"Duration({str(self)!r})"


class Size(int):
    """A number of bytes. In TOML: a number, or a string such as ``"64KiB"`` (1024) or ``"1MB"`` (1,000,000)."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: str | int) -> Size:
        """Read a size as it stands in TOML.

        Raises:
            ValueError: It is none.
        """
        if isinstance(value, int) and not isinstance(value, bool):
            return cls(value)
        match = _SIZE.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise ValueError(f'{value!r} is no size; write a number of bytes, "64KiB" or "1MB"')
        unit = match[2].lower().rstrip("b")
        base = 1024 if unit.endswith("i") else 1000
        return cls(int(Decimal(match[1]) * base ** " kmgtp".index(unit[:1] or " ")))

    def __repr__(self) -> str:
        return f"Size({int(self)})"


class Secret:
    """A text that no log, traceback or ``repr`` shows. Ask for it with :meth:`get`, use it, forget it."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def get(self) -> str:
        """The text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret('********')" if self._text else "Secret('')"

    __str__ = __repr__
