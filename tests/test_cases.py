"""Every recorded case: what Telegraf answered, the agent answers, save the deviations listed in docs/deviations.md."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from agent.config.load import load  # noqa: F401 - an import error here is clearer than one in each case
from agent.kits.pipelines import run_config
from agent.line_protocol.decode import parse_lines
from agent.metric import Uint
from pyagent import ConfigError

CASES = Path(__file__).parent / "cases"
#: Cases in which the project answers otherwise on purpose; each folder holds ours in ``expected.ours.influx``.
FOLDERS = sorted({path.parent for path in CASES.rglob("agent.toml")})


def identity(path):
    return str(path.relative_to(CASES))


def exact(metric, ignore_time, uint):
    def value(v):
        if isinstance(v, Uint) and not uint:
            v = min(int(v), (1 << 63) - 1)
        return (type(v).__name__, round(v, 12) if isinstance(v, float) else v)

    fields = {k: v for k, v in metric.fields.items() if not (isinstance(v, float) and not math.isfinite(v))}
    if not fields:
        return None
    tags = {k: v for k, v in metric.tags.items() if k and v}
    return (
        metric.name,
        tuple(sorted(tags.items())),
        tuple(sorted((k, value(v)) for k, v in fields.items())),
        None if ignore_time else metric.time,
    )


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
    got = sorted(filter(None, (exact(m, ignore_time, uint) for m in metrics)), key=repr)
    assert got == sorted((exact(m, ignore_time, True) for m in wanted), key=repr)
