"""Times in the forms that Telegraf's parsers know: unix numbers and Go's layouts. Exact to the nanosecond."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Union
from zoneinfo import ZoneInfo

__all__ = ["check_format", "format_timestamp", "parse_timestamp", "zone"]

_UNIX = {"unix": 10**9, "unix_ms": 10**6, "unix_us": 10**3, "unix_ns": 1}
_LOCAL = {"timestamp_tz": 10**9, "timestamp_tz_ms": 10**6, "timestamp_tz_us": 10**3, "timestamp_tz_ns": 1}
_NAMED = {
    "ansic": "Mon Jan _2 15:04:05 2006",
    "unixdate": "Mon Jan _2 15:04:05 MST 2006",
    "rubydate": "Mon Jan 02 15:04:05 -0700 2006",
    "rfc822": "02 Jan 06 15:04 MST",
    "rfc822z": "02 Jan 06 15:04 -0700",
    "rfc850": "Monday, 02-Jan-06 15:04:05 MST",
    "rfc1123": "Mon, 02 Jan 2006 15:04:05 MST",
    "rfc1123z": "Mon, 02 Jan 2006 15:04:05 -0700",
    "rfc3339": "2006-01-02T15:04:05Z07:00",
    "rfc3339nano": "2006-01-02T15:04:05.999999999Z07:00",
    "stamp": "Jan _2 15:04:05",
    "stampmilli": "Jan _2 15:04:05.000",
    "stampmicro": "Jan _2 15:04:05.000000",
    "stampnano": "Jan _2 15:04:05.000000000",
}
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_LONG_MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
]  # fmt: skip
_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_LONG_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

#: Go's layout elements, longest first, with the pattern that each reads.
_ELEMENTS = [
    ("January", "(?P<long_month>" + "|".join(_LONG_MONTHS) + ")"),
    ("Monday", "(?:" + "|".join(_LONG_DAYS) + ")"),
    ("Z07:00:00", r"(?P<zone>Z|[+-]\d\d:\d\d:\d\d)"),
    ("-07:00:00", r"(?P<zone>[+-]\d\d:\d\d:\d\d)"),
    ("Z07:00", r"(?P<zone>Z|[+-]\d\d:\d\d)"),
    ("-07:00", r"(?P<zone>[+-]\d\d:\d\d)"),
    ("Z0700", r"(?P<zone>Z|[+-]\d{4})"),
    ("-0700", r"(?P<zone>[+-]\d{4})"),
    ("Z07", r"(?P<zone>Z|[+-]\d\d)"),
    ("-07", r"(?P<zone>[+-]\d\d)"),
    ("2006", r"(?P<year>\d{4})"),
    ("MST", r"(?P<abbreviation>[A-Z]{3,5}|[+-]\d\d)"),
    ("Jan", "(?P<month>" + "|".join(_MONTHS) + ")"),
    ("Mon", "(?:" + "|".join(_DAYS) + ")"),
    ("002", r"(?P<yearday>\d{3})"),
    ("__2", r"(?P<yearday>[ \d]{3})"),
    ("_2", r"(?P<day> ?\d{1,2})"),
    ("15", r"(?P<hour>\d{1,2})"),
    ("PM", r"(?P<half>AM|PM)"),
    ("pm", r"(?P<half>am|pm)"),
    ("01", r"(?P<month_number>\d\d)"),
    ("02", r"(?P<day>\d\d)"),
    ("03", r"(?P<hour12>\d\d)"),
    ("04", r"(?P<minute>\d\d)"),
    ("05", r"(?P<second>\d\d)(?P<extra>[.,]\d+)?"),
    ("06", r"(?P<year2>\d\d)"),
    ("1", r"(?P<month_number>\d{1,2})"),
    ("2", r"(?P<day>\d{1,2})"),
    ("3", r"(?P<hour12>\d{1,2})"),
    ("4", r"(?P<minute>\d{1,2})"),
    ("5", r"(?P<second>\d{1,2})(?P<extra>[.,]\d+)?"),
]
_GROUP = re.compile(r"\(\?P<(\w+)>")
_FRACTION = re.compile(r"[.,](0+|9+)(?!\d)")


@lru_cache(maxsize=64)
def zone(name: str) -> tzinfo:
    """The time zone called ``name``: IANA's, ``Local``, or empty for UTC.

    Raises:
        ValueError: There is none.
    """
    if name in ("", "UTC"):
        return timezone.utc
    if name.lower() == "local":
        return datetime.now().astimezone().tzinfo or timezone.utc
    try:
        return ZoneInfo(name)
    except Exception as error:
        raise ValueError(f'unknown time zone "{name}"') from error


@lru_cache(maxsize=256)
def _layout(layout: str) -> re.Pattern[str]:
    """A Go layout as a regular expression."""
    out: list[str] = []
    at = 0
    seconds_last = False
    seen: set[str] = set()
    while at < len(layout):
        fraction = _FRACTION.match(layout, at)
        if fraction is not None and seconds_last:
            digits = len(fraction[1])
            out[-1] = out[-1].replace(r"(?P<extra>[.,]\d+)?", "")
            out.append(rf"(?P<extra>[.,]\d{{{digits}}})" if fraction[1][0] == "0" else r"(?P<extra>[.,]\d+)?")
            at = fraction.end()
            seconds_last = False
            continue
        for element, pattern in _ELEMENTS:
            if layout.startswith(element, at):
                if element == "Jan" and layout.startswith("January", at):
                    continue
                # An element may stand twice, as in "02 2"; the first is read, the others must only fit.
                out.append(_GROUP.sub(lambda m: "(?:" if m[1] in seen else m[0], pattern))
                seen.update(_GROUP.findall(pattern))
                at += len(element)
                seconds_last = element in ("05", "5")
                break
        else:
            out.append(r"\s" if layout[at] == " " else re.escape(layout[at]))
            at += 1
            seconds_last = False
    try:
        return re.compile("".join(out))
    except re.error as error:
        raise ValueError(f'"{layout}" is no time layout: {error}') from error


def check_format(name: str) -> None:
    """Refuse what can never be a format.

    Raises:
        ValueError: It is none.
    """
    if name not in _UNIX and name not in _LOCAL:
        _layout(_NAMED.get(name.lower(), name))


def _number(value: object) -> Decimal:
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is no time")
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, str):
        text = value.replace(" ", "").replace(",", ".", 1) if "." not in value.split(",")[0] else value.replace(",", "")
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise ValueError(f"{value!r} is no number") from None
        if number.is_finite() and abs(number.adjusted()) < 400:
            return number
    raise ValueError(f"{value!r} is no time")


def _floor(number: Decimal, unit: int) -> int:
    whole, scaled = int(number), number * unit
    if whole == number:
        return whole * unit
    nanoseconds = int(scaled)
    return nanoseconds - (1 if scaled < nanoseconds else 0)


def parse_timestamp(value: Union[str, float, Decimal, None], layout: str, timezone_name: str = "") -> int:
    """Nanoseconds since the epoch.

    Args:
        value: A text, or a number for the unix formats; a Decimal keeps every digit.
        layout: ``unix``, ``unix_ms``, ``unix_us``, ``unix_ns``, a name such as ``rfc3339``, or a Go layout.
        timezone_name: For texts without a zone: IANA name, ``Local``, or empty for UTC.

    Raises:
        ValueError: It is no such time.
    """
    unit = _UNIX.get(layout)
    if unit is not None:
        return _floor(_number(value), unit)
    unit = _LOCAL.get(layout)
    if unit is not None:
        nanoseconds = _floor(_number(value), unit)
        moment = _EPOCH + timedelta(seconds=nanoseconds // 10**9)
        offset = moment.astimezone(zone(timezone_name)).utcoffset() or timedelta()
        return nanoseconds - int(offset.total_seconds()) * 10**9
    if not isinstance(value, str):
        raise ValueError(f"unsupported type {type(value).__name__} for a time of the form {layout!r}")
    match = _layout(_NAMED.get(layout.lower(), layout)).fullmatch(value)
    if match is None:
        raise ValueError(f'"{value}" does not match the time format "{layout}"')
    return _assemble(match.groupdict(), timezone_name, value)


def _assemble(part: dict[str, Union[str, None]], timezone_name: str, value: str) -> int:
    def number(key: str, default: int) -> int:
        found = part.get(key)
        return default if found is None else int(found)

    year = number("year", 0)
    if part.get("year2") is not None:
        short = number("year2", 0)
        year = short + (1900 if short >= 69 else 2000)
    if part.get("year") is None and part.get("year2") is None:
        year = datetime.now(timezone.utc).year
    month = number("month_number", 1)
    if part.get("month"):
        month = _MONTHS.index(part["month"] or "") + 1
    if part.get("long_month"):
        month = _LONG_MONTHS.index(part["long_month"] or "") + 1
    hour = number("hour", 0)
    if part.get("hour12") is not None:
        hour = number("hour12", 0) % 12
    if (part.get("half") or "").upper() == "PM":
        hour = hour % 12 + 12
    try:
        local = datetime(year, month, number("day", 1), hour, number("minute", 0), number("second", 0))
    except ValueError as error:
        raise ValueError(f'"{value}": {error}') from None
    if part.get("yearday") is not None:
        local = datetime(year, 1, 1, local.hour, local.minute, local.second) + timedelta(days=number("yearday", 1) - 1)
    fraction = ((part.get("extra") or ".")[1:] + "000000000")[:9]
    seconds = int((local.replace(tzinfo=timezone.utc) - _EPOCH).total_seconds())
    return (seconds - _offset(part, local, timezone_name)) * 10**9 + int(fraction)


def _offset(part: dict[str, Union[str, None]], local: datetime, timezone_name: str) -> int:
    """Seconds east of UTC."""
    text = part.get("zone")
    if text == "Z":
        return 0
    if text is not None:
        digits = text[1:].replace(":", "").ljust(6, "0")
        seconds = int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:6])
        return -seconds if text[0] == "-" else seconds
    abbreviation = part.get("abbreviation")
    where = zone(timezone_name)
    if abbreviation == "UTC":
        return 0
    if abbreviation is not None:
        for fold in (0, 1):
            moment = local.replace(tzinfo=where, fold=fold)
            if moment.tzname() == abbreviation:
                return int((moment.utcoffset() or timedelta()).total_seconds())
        where = zone(abbreviation)
    # In the gap of a change to summer time, and in the hour that comes twice, Go takes the summer offset: 02:30 in
    # New York is 06:30Z.
    first, second = local.replace(tzinfo=where, fold=0), local.replace(tzinfo=where, fold=1)
    offsets = [int((moment.utcoffset() or timedelta()).total_seconds()) for moment in (first, second)]
    return max(offsets)


def format_timestamp(nanoseconds: int, layout: str, timezone_name: str = "") -> str:
    """A time in a Go layout or one of its names."""
    layout = _NAMED.get(layout.lower(), layout)
    moment = (_EPOCH + timedelta(seconds=nanoseconds // 10**9)).astimezone(zone(timezone_name))
    fraction = f"{nanoseconds % 10**9:09d}"
    out, at = "", 0
    while at < len(layout):
        match = _FRACTION.match(layout, at)
        if match is not None:
            digits = fraction[: len(match[1])]
            digits = digits if match[1][0] == "0" else digits.rstrip("0")
            out += layout[at] + digits if digits else ""
            at = match.end()
            continue
        for element, _ in _ELEMENTS:
            if layout.startswith(element, at):
                out += _WRITERS[element](moment)
                at += len(element)
                break
        else:
            out += layout[at]
            at += 1
    return out


def _zone_writer(colons: int, zulu: bool) -> Callable[[datetime], str]:
    def write(moment: datetime) -> str:
        seconds = int((moment.utcoffset() or timedelta()).total_seconds())
        if zulu and not seconds:
            return "Z"
        sign, seconds = ("-" if seconds < 0 else "+"), abs(seconds)
        hours, minutes = f"{seconds // 3600:02d}", f"{seconds % 3600 // 60:02d}"
        text = {0: hours, 1: hours + minutes, 2: f"{hours}:{minutes}", 3: f"{hours}:{minutes}:{seconds % 60:02d}"}
        return sign + text[colons]

    return write


_WRITERS: dict[str, Callable[[datetime], str]] = {
    "January": lambda m: _LONG_MONTHS[m.month - 1],
    "Monday": lambda m: _LONG_DAYS[m.weekday()],
    "Z07:00:00": _zone_writer(3, True),
    "-07:00:00": _zone_writer(3, False),
    "Z07:00": _zone_writer(2, True),
    "-07:00": _zone_writer(2, False),
    "Z0700": _zone_writer(1, True),
    "-0700": _zone_writer(1, False),
    "Z07": _zone_writer(0, True),
    "-07": _zone_writer(0, False),
    "2006": lambda m: f"{m.year:04d}",
    "MST": lambda m: m.tzname() or "UTC",
    "Jan": lambda m: _MONTHS[m.month - 1],
    "Mon": lambda m: _DAYS[m.weekday()],
    "002": lambda m: f"{m.timetuple().tm_yday:03d}",
    "__2": lambda m: f"{m.timetuple().tm_yday:3d}",
    "_2": lambda m: f"{m.day:2d}",
    "15": lambda m: f"{m.hour:02d}",
    "PM": lambda m: "PM" if m.hour >= 12 else "AM",
    "pm": lambda m: "pm" if m.hour >= 12 else "am",
    "01": lambda m: f"{m.month:02d}",
    "02": lambda m: f"{m.day:02d}",
    "03": lambda m: f"{m.hour % 12 or 12:02d}",
    "04": lambda m: f"{m.minute:02d}",
    "05": lambda m: f"{m.second:02d}",
    "06": lambda m: f"{m.year % 100:02d}",
    "1": lambda m: str(m.month),
    "2": lambda m: str(m.day),
    "3": lambda m: str(m.hour % 12 or 12),
    "4": lambda m: str(m.minute),
    "5": lambda m: str(m.second),
}
