"""Line protocol: the strict parser, the fast validation against it, the encoder and back."""

from __future__ import annotations

import base64
import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.line_protocol.block import AVAILABLE, valid_block
from agent.line_protocol.decode import LineError, decode_line, parse_lines
from agent.line_protocol.encode import encode_metric
from agent.line_protocol.tags import add_missing_tags, set_tags
from agent.metric import Metric, Uint
from plugins.parsers.influx import Influx
from pyagent import ParseError, Record, RecordChunk
from pyagent.testing import make_plugin

CORPUS = Path(__file__).parents[4] / "shared" / "conformance" / "line-protocol" / "corpus.json"

text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8).filter(
    lambda s: not s.endswith("\\")
)
values = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.booleans(),
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.integers(0, (1 << 64) - 1).map(Uint),
)


def plain(s):
    """Control characters are written as two characters: they do not come back."""
    return not any(c in s for c in "\t\n\v\f\r") and "\\" not in s


names = text.filter(plain)


@given(
    names.filter(lambda s: s[0] not in "#"),
    st.dictionaries(names, names, max_size=3),
    st.dictionaries(names, values, min_size=1, max_size=4),
    st.integers(-(1 << 62), 1 << 62),
)
def test_what_is_written_is_read_back_the_same(name, tags, fields, time):
    metric = Metric(name, fields, tags, time)
    assert decode_line(encode_metric(metric, True, False, False)) == metric


pieces = st.sampled_from(
    [b"m", b",", b" ", b"=", b'"', b"\\", b"\n", b"\r", b"1", b"1i", b"1.5", b"t", b"f=1", b"v=1i", b',h="a', b'"x"', b"17",
     b"1700000000000000000", b"#", b"u", b"-", b"e5", b"\xff", b"\t", b"\x00", b"true", b"9" * 19, b"abc"]
)  # fmt: skip
soup = st.lists(pieces, max_size=12).map(b"".join)
plausible = st.builds(
    lambda a, b, c, d: b"m" + a + b" f=" + b + c + d,
    soup,
    st.sampled_from([b"1", b"1i", b'"x"', b"t", b"1e5", b"-1", b"01i", b".5", b"1.", b"1e400"]),
    soup,
    st.sampled_from([b"", b" 17", b" 1700000000000000000", b" -5"]),
)


@settings(max_examples=600)
@given(st.lists(st.one_of(soup, plausible), min_size=1, max_size=4))
def test_nothing_passes_the_fast_way_that_the_strict_parser_refuses_or_reads_otherwise(payloads):
    block = b"\n".join(payloads)
    if not valid_block(block):
        return
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()
    alone = [metric for payload in payloads for metric in parse_lines(payload).metrics]
    assert not any(parse_lines(payload).bad for payload in payloads)
    assert [decode_line(line) for line in lines] == alone


fast = pytest.mark.skipif(
    not AVAILABLE, reason="no engine for the fast way on this Python: all lines go the strict way"
)


@fast
def test_payloads_are_closed_by_themselves():
    assert not valid_block(b'm f="abc\ndef" 1700000000000000000')
    assert valid_block(b'm f="abc" 17\nm f="def" 1700000000000000000\n')


@settings(max_examples=300)
@given(soup)
def test_any_bytes_give_metrics_or_bad_lines_and_no_other_error(data):
    found = parse_lines(data)
    assert all(bad.line >= 1 for bad in found.bad)


UNITS = {"": 1, "1ns": 1, "1µs": 1000, "1us": 1000, "1ms": 10**6, "1s": 10**9}
#: Where Telegraf's internal parser, which ours follows, differs from the library that the corpus describes.
TAKEN = [
    (rb"[\x00-\x08\x0e-\x1f\x7f]", "control characters are ordinary"),
    (rb"[\t\v\f]", "tab, vertical tab and form feed are blanks"),
    (rb"[\x80-\xff]", "bytes that are not UTF-8 pass"),
    (rb",(b)=2,c=3,\1=|(.+)=.*\2=", "of duplicate keys the last counts"),
]
REFUSED = [
    (rb'="(?:[^"\\]|\\["\\])*\\[^"\\]', 'in a string a backslash stands before \\ or " alone'),
    (rb"=-?0\d+[iu]", "integers have no leading zeros"),
    (rb"\r$", "a line ends in LF or CR LF"),
]


def corpus():
    def raw(text):
        return base64.b64decode(text["binary"]) if isinstance(text, dict) else text.encode()

    def string(text):
        return raw(text).decode("utf-8", "surrogateescape")

    def value(given):
        ((kind, found),) = given.items()
        return {"float": float, "int": int, "uint": Uint, "bool": bool, "string": string}[kind](found)

    for case in json.loads(CORPUS.read_text())["decode"].values():
        given, output = case["input"], case["output"]
        points = None
        if "error" not in output:
            points = [
                Metric(
                    string(point["name"]),
                    {string(field["key"]): value(field["value"]) for field in point["fields"]},
                    {string(tag["key"]): string(tag["value"]) for tag in point.get("tags", [])},
                    point["time"],
                )
                for point in output["result"]
            ]
        yield raw(given["text"]), UNITS[given["precision"]], given["defaultTime"], points


@pytest.mark.skipif(not CORPUS.exists(), reason="the line protocol's corpus is not beside this checkout")
def test_the_corpus_save_where_a_known_rule_differs():
    cases = list(corpus())
    assert len(cases) > 6000
    odd = []
    for data, unit, now, points in cases:
        found = parse_lines(data, unit, now=now)
        if points is None:
            agrees = found.bad or any(re.search(rule, data, re.DOTALL) for rule, _ in TAKEN)
        elif found.bad:
            agrees = any(re.search(rule, data) for rule, _ in REFUSED)
        else:
            agrees = found.metrics == points or b'\\"' in data  # in a tag, \" is a quote here, two characters there
        if not agrees:
            odd.append((data, found))
    assert odd == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"m", "expected field"),
        (b"m ", "expected field"),
        (b",a=1 f=1", "expected measurement name"),
        (b"m,a= f=1", "expected tag"),
        (b"m f=1 x", "expected timestamp"),
        (b"m f=9223372036854775808i", "value out of range"),
        (b"m f=1e400", "value out of range"),
        (b"m f=nan", "expected field"),
        (b"m f=012i", "expected field"),
        (b"m f=-1u", "value out of range"),
        (b"m f=1 9223372036854775808", "timestamp out of range"),
        (b"\x00\xff\xfe", "expected field"),
    ],
)
def test_what_is_refused_and_why(line, reason):
    with pytest.raises(LineError, match=reason):
        decode_line(line)


def test_tags_are_added_without_decoding_and_never_twice():
    lines = [b"m f=1 1", b"m,host=a f=1 2", b"m\\ x f=1 3", b'm f="host=b, c" 4']
    added = [decode_line(line) for line in add_missing_tags(lines, {"host": "z", "dc": "e u"})]
    assert [metric.tags["host"] for metric in added] == ["z", "a", "z", "z"]
    assert all(metric.tags["dc"] == "e u" for metric in added)
    assert [metric.name for metric in added] == ["m", "m", "m x", "m"]
    assert [decode_line(line).tags["host"] for line in set_tags(lines, {"host": "z"})] == ["z"] * 4


def chunk(*payloads):
    return RecordChunk(
        [Record(payload, topic="t", partition=0, offset=i) for i, payload in enumerate(payloads)], "p", len(payloads)
    )


@fast
def test_untouched_lines_stay_bytes_and_know_their_records():
    parsed = make_plugin(Influx).parse_many(chunk(b"m f=1 1\nm f=2 2", b"m f=3 3", b"m f=4 4\n"))
    assert type(parsed.batch).__name__ == "LineBatch"
    assert [parsed.batch.origin(i).offset for i in range(4)] == [0, 0, 1, 2]
    assert [parsed.batch.select([3, 1]).origin(i).offset for i in range(2)] == [2, 0]
    assert [parsed.batch.slice(1, 3).origin(i).offset for i in range(2)] == [0, 1]


def test_a_bad_payload_among_good_ones_is_reported_with_its_index():
    parsed = make_plugin(Influx).parse_many(chunk(b"m f=1 1", b"bad", b"m f=3 3\nworse\nm f=4 4"))
    assert [metric.fields["f"] for metric in parsed.batch] == [1.0, 3.0, 4.0]
    assert [(failure.index, [bad.line for bad in failure.lines]) for failure in parsed.failures] == [(1, [1]), (2, [2])]


def test_a_payload_that_ends_in_a_line_end_counts_its_lines_right():
    parsed = make_plugin(Influx).parse_many(chunk(b"m f=1 1\n", b"m f=2 2\n"))
    assert [parsed.batch.origin(i).offset for i in range(len(parsed.batch))] == [0, 1]


def test_floats_have_no_exponent_and_nan_is_left_out():
    line = encode_metric(Metric("m", {"a": 1e30, "b": 1e-7, "c": math.nan, "d": 1.0}, time=1), False, False, False)
    assert line == b"m a=1000000000000000000000000000000,b=0.0000001,d=1 1"
    assert encode_metric(Metric("m", {"c": math.inf}, time=1), False, False, False) == b""


def test_the_good_lines_of_a_bad_payload_come_with_the_error():
    with pytest.raises(ParseError) as found:
        make_plugin(Influx).parse(b"m f=1 1\nbad\n")
    assert [metric.fields for metric in found.value.metrics] == [{"f": 1.0}]
