"""What real InfluxDB 1.6.7 and 2.9.1 servers answered, judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from plugins.common.influx.answers import KEEP, POINTS, TOO_LARGE, WRITTEN, judge, names_points, quoted_lines

RECORDED = json.loads((Path(__file__).parents[2] / "data" / "influxdb-answers.json").read_text())
ANSWERS = [(case, version) for case in RECORDED for version in ("1.6.7", "2.9.1") if version in case]
#: A 400 that is about the request as a whole: no point is to blame.
ABOUT_THE_REQUEST = {"bad_gzip", "bad_precision"}


@pytest.mark.parametrize(("case", "version"), ANSWERS, ids=lambda v: v if isinstance(v, str) else v["case"])
def test_a_recorded_answer(case, version):
    answer = case[version]
    verdict = judge(answer["status"], answer["headers"], answer["body"].encode())
    expected = {204: WRITTEN, 400: POINTS, 422: POINTS, 413: TOO_LARGE}.get(answer["status"], KEEP)
    assert verdict.kind == expected
    if expected == POINTS:
        assert names_points(verdict.reason) is (case["case"] not in ABOUT_THE_REQUEST)
        sent = case["body"].split("\n") if isinstance(case["body"], str) else []
        for line in quoted_lines(verdict.reason):
            shortened = " characters]…" in line  # in the recording, not by the server
            assert line in sent or not sent or shortened, "a quoted line can be found again"


def test_there_are_as_many_as_were_recorded():
    assert len(RECORDED) == 42
    assert len(ANSWERS) >= 82
