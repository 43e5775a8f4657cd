"""JSON: exact times, declared outcomes for odd input, never another error than ParseError."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.common.timestamps import format_timestamp, parse_timestamp
from plugins.parsers.json import Json
from plugins.parsers.value import Value
from pyagent import ParseError
from pyagent.testing import make_plugin

DATE = 1_700_000_000_123_456_789


def times(parser, *values):
    return [parser.parse(b'{"t": %s, "v": 1}' % value)[0].time for value in values]


def test_ten_thousand_points_a_nanosecond_apart_have_ten_thousand_times():
    parser = make_plugin(Json, json_time_key="t", json_time_format="unix_ns")
    assert times(parser, *(b"%d" % (DATE + i) for i in range(10_000))) == [DATE + i for i in range(10_000)]


def test_a_fraction_of_a_second_keeps_every_nanosecond():
    parser = make_plugin(Json, json_time_key="t", json_time_format="unix")
    assert times(parser, b"1700000000.123456789", b'"1700000000.123456789"', b"1.700000000123456789e9") == [DATE] * 3


@pytest.mark.parametrize(
    "payload",
    [b"{", b"nul", b'"text"', b"7", b"[1]", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 1e400}', b"\xff\xfe", b'{"a":"\xff"}',
     b"[" * 5000 + b"]" * 5000, b'{"a":' * 300 + b"1" + b"}" * 300, b"{} {}", b'{"a": 1,}', b'{"a": 0x1}', b'{"a": 1' + b"0" * 5000 + b"}"],
)  # fmt: skip
def test_what_is_no_good_is_a_parse_error(payload):
    with pytest.raises(ParseError):
        make_plugin(Json).parse(payload)


@pytest.mark.parametrize(("payload", "fields"), [
    (b'{"a": 1, "a": 2}', {"a": 2.0}),
    (b'{"a": 12345678901234567890}', {"a": 12345678901234567890.0}),
    (b'{"a": -0.0}', {"a": -0.0}),
    (b'\xef\xbb\xbf {"a": 1}', {"a": 1.0}),
    (b'{"a": {"b": [1, {"c": 2}]}, "d": null, "e": "x", "f": true}', {"a_b_0": 1.0, "a_b_1_c": 2.0}),
])  # fmt: skip
def test_the_documented_rules(payload, fields):
    (metric,) = make_plugin(Json).parse(payload)
    assert metric.fields == fields


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_gives_metrics_or_a_parse_error(value):
    parser = make_plugin(Json, tag_keys=["a*"], json_string_fields=["*"])
    with contextlib.suppress(ParseError):
        parser.parse(json.dumps(value).encode())


@given(
    st.binary(max_size=40), st.sampled_from(["int", "float", "string", "bool", "base64", "auto_integer", "auto_float"])
)
def test_any_bytes_give_a_value_or_a_parse_error(data, kind):
    with contextlib.suppress(ParseError):
        make_plugin(Value, data_type=kind).parse(data)


@pytest.mark.parametrize(("text", "layout", "zone", "expected"), [
    ("2023-11-14T22:13:20.123456789Z", "rfc3339", "", DATE),
    ("2023-11-14 23:13:20.123456789", "2006-01-02 15:04:05", "Europe/Berlin", DATE),
    ("Tue, 14 Nov 2023 22:13:20 UTC", "RFC1123", "", DATE // 10**9 * 10**9),
    ("11/14/23 10:13:20 PM", "01/02/06 03:04:05 PM", "", DATE // 10**9 * 10**9),
    ("2021-03-14 02:30:00", "2006-01-02 15:04:05", "America/New_York", 1615703400 * 10**9),
    ("1,700000000123", "unix", "", 1_700_000_000),
])  # fmt: skip
def test_layouts(text, layout, zone, expected):
    assert parse_timestamp(text, layout, zone) == expected


@given(st.integers(0, 4_000_000_000 * 10**9))
def test_a_formatted_time_is_read_back(moment):
    assert parse_timestamp(format_timestamp(moment, "rfc3339nano"), "rfc3339nano") == moment
