"""One value a message."""

from __future__ import annotations

import base64
import math
import re

from pyagent import FieldValue, Metric, ParseError, Parser, config, option

_TYPES = {
    "int": "int", "integer": "int", "float": "float", "long": "float", "string": "str", "str": "str",
    "bool": "bool", "boolean": "bool", "base64": "base64", "auto_integer": "auto_int", "auto_float": "auto_float",
}  # fmt: skip
_INT = re.compile(r"[+-]?\d+", re.ASCII)
_FLOAT = re.compile(
    r"[+-]?(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf(?:inity)?|nan)", re.ASCII | re.IGNORECASE
)
_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


@config
class ValueConfig:
    """Options of ``data_format = "value"``."""

    data_type: str = option("The value's type.", default="int", choices=tuple(_TYPES))
    value_field_name: str = option("The field that takes the value.", default="value")


class Value(Parser[ValueConfig]):
    """The last word of the payload is the value (for strings: the whole payload)."""

    @classmethod
    def times_from_data(cls, config: ValueConfig) -> bool:
        return False

    def parse(self, data: bytes) -> list[Metric]:
        value = self._value(data)
        if value is None:
            return []
        return [Metric(self.default_name, {self.config.value_field_name: value})]

    def _value(self, data: bytes) -> FieldValue | None:
        kind = _TYPES[self.config.data_type.lower()]
        if kind == "base64":
            return base64.b64encode(data).decode()
        text = data.strip(b"\x00").decode("utf-8", "surrogateescape").strip()
        if kind == "str":
            return text
        words = text.split()
        if not words:
            return None
        word = words[-1]
        try:
            if kind in ("int", "auto_int"):
                return _integer(word)
            if kind in ("float", "auto_float"):
                return _number(word)
            return _BOOLS[word]
        except (ValueError, KeyError):
            if kind.startswith("auto_"):
                return word
            shown = word[:80].encode("utf-8", "replace").decode()
            raise ParseError(f'"{shown}" is no {self.config.data_type}') from None


def _integer(word: str) -> int:
    if _INT.fullmatch(word) is None or len(word) > 20 or not -(1 << 63) <= int(word) < 1 << 63:
        raise ValueError(word)
    return int(word)


def _number(word: str) -> float:
    if _FLOAT.fullmatch(word) is None:
        raise ValueError(word)
    number = float(word)
    if math.isinf(number) and word.strip("+-")[:1].lower() != "i":
        raise ValueError(word)  # 1e400 is no infinity
    return number
