"""What the recorded cases of processors leave open."""

from __future__ import annotations

import time

import pytest

from plugins.common.patterns import compile_pattern
from plugins.processors.dedup import Dedup
from plugins.processors.defaults import Defaults
from plugins.processors.regex import Regex
from plugins.processors.scale import Scale
from plugins.processors.strings import Strings
from plugins.processors.topk import Topk
from pyagent import ConfigError, Metric
from pyagent.testing import make_plugin


def test_go_replacements():
    pattern = compile_pattern(r"(?P<a>\w+)-(\d+)")
    assert pattern.sub("${2}:$a", "x-1 y-2") == "1:x 2:y"
    assert pattern.sub("$1_z", "x-1") == ""  # the group called 1_z, which there is not
    assert pattern.sub("$$1", "x-1") == "$1"
    assert pattern.sub("$9", "x-1") == ""
    assert not pattern.all_named


@pytest.mark.parametrize("text", ["(", "(?=x)", r"(a)\1"])
def test_what_re2_does_not_take_is_refused(text):
    with pytest.raises(ConfigError):
        make_plugin(Regex, tags=[{"key": "a", "pattern": text, "replacement": "x"}])


def test_dedup_lets_a_repetition_pass_after_the_interval_and_a_new_field_at_the_same_time():
    now = time.time_ns()
    dedup = make_plugin(Dedup, dedup_interval="10m")
    first, again = Metric("m", {"v": 1}, time=now), Metric("m", {"v": 1}, time=now + 1)
    assert dedup.apply([first, again]) == [first]
    more = Metric("m", {"v": 1, "w": 2}, time=now)
    assert dedup.apply([more]) == [more]
    old = Metric("n", {"v": 1}, time=now - 700 * 10**9)
    assert dedup.apply([old, old.copy()]) == [old, old]


def test_defaults_fill_what_is_missing_or_blank():
    made = make_plugin(Defaults, fields={"a": 1, "b": "x"}, tags={"t": "d"})
    assert made.apply([Metric("m", {"b": "  ", "c": 2}, {"t": ""})]) == [
        Metric("m", {"b": "x", "c": 2, "a": 1}, {"t": "d"})
    ]


def test_scale_maps_a_range_onto_another():
    made = make_plugin(
        Scale,
        scaling=[
            {"input_minimum": 0, "input_maximum": 10, "output_minimum": 100, "output_maximum": 200, "fields": ["v"]}
        ],
    )
    assert made.apply([Metric("m", {"v": 5, "s": "x"})]) == [Metric("m", {"v": 150.0, "s": "x"})]


def test_topk_forgets_nothing_before_its_period_is_over_and_ranks_from_the_bottom_too(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("plugins.processors.topk.time.monotonic", lambda: clock[0])
    made = make_plugin(Topk, period="5s", k=1, bottomk=True, add_groupby_tag="g", add_rank_fields=["value"])
    assert made.apply([Metric("m", {"value": float(n)}, {"h": str(n)}) for n in (3, 1, 2)]) == []
    clock[0] = 106.0
    assert made.apply([Metric("tick", {"v": 1})]) == [
        Metric("m", {"value": 1.0, "value_topk_rank": 1}, {"h": "1", "g": "m&h=1&"})
    ]


def test_bytes_that_are_no_text_are_replaced():
    made = make_plugin(Strings, valid_utf8=[{"field": "*", "replacement": "?"}], base64decode=[{"tag": "t"}])
    found = made.apply([Metric("m", {"v": b"a\xff\xfeb".decode("utf-8", "surrogateescape")}, {"t": "aGk="})])
    assert found == [Metric("m", {"v": "a?b"}, {"t": "hi"})]
