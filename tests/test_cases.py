"""Every recorded case: what Telegraf answered, the agent answers, save the deviations listed in docs/deviations.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.kits.pipelines import run_config
from agent.line_protocol.decode import parse_lines
from agent.line_protocol.encode import encode_metric
from pyagent import ConfigError

CASES = Path(__file__).parent / "cases"
#: Where the project answers otherwise on purpose, ``expected.ours.influx`` has our answer and
#: docs/deviations.md the reason.
FOLDERS = sorted({path.parent for path in CASES.rglob("agent.toml")})


def identity(path):
    return str(path.relative_to(CASES))


def written(metric, uint):
    """The metric as line protocol has it: what the recorded answers went through too."""
    line = encode_metric(metric, uint, False, True)
    return parse_lines(line).metrics[0] if line else None


def exact(metric, ignore_time):
    fields = sorted((k, type(v).__name__, round(v, 12) if type(v) is float else v) for k, v in metric.fields.items())
    return repr((metric.name, sorted(metric.tags.items()), fields, None if ignore_time else metric.time))


@pytest.mark.parametrize("case", FOLDERS, ids=identity)
def test_recorded_case(case, monkeypatch, tmp_path):
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for line in (case / "env").read_text().splitlines() if (case / "env").exists() else ():
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value)
    arguments = (case / "args").read_text().split() if (case / "args").exists() else []
    ours = case / "expected.ours.influx"
    expected = ours if ours.exists() else case / "expected.influx"
    refused = not expected.exists()
    try:
        _, metrics = run_config(["agent.toml"], directory=case, arguments=arguments)
    except ConfigError:
        # Telegraf notices some mistakes only when it collects, and then collects nothing; we say so at once.
        late = refused or not expected.read_bytes().strip()
        assert late, "the configuration is refused"
        return
    assert not refused, "the configuration should be refused"
    ignore_time = (case / "ignore_time").exists()
    uint = (case / "uint_support").exists()
    wanted, bad = parse_lines(expected.read_bytes())
    assert not bad
    got = [found for found in (written(metric, uint) for metric in metrics) if found is not None]
    assert sorted(exact(m, ignore_time) for m in got) == sorted(exact(m, ignore_time) for m in wanted)
