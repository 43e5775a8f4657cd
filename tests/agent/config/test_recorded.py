"""What Telegraf accepts and refuses, as recorded; read from beside the checkout where it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config.load import load
from agent.errors import ConfigError

SHARED = Path(__file__).parents[4] / "shared" / "conformance"
CASES = sorted(path.parent for path in (SHARED / "recorded" / "config").rglob("agent.toml"))

if not CASES:
    pytest.skip("the recorded cases are not beside this checkout", allow_module_level=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_recorded(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case)
    env = case / "env"
    variables = dict(line.split("=", 1) for line in env.read_text().splitlines()) if env.exists() else {}
    directories = ["conf.d"] if (case / "conf.d").is_dir() else []
    # A case with both files was accepted; its error came later.
    if (case / "expected.error").exists() and not (case / "expected.influx").exists():
        with pytest.raises(ConfigError) as caught:
            load(["agent.toml"], directories, environ=variables)
        for problem in caught.value.problems:
            assert problem.file == "agent.toml"
            assert problem.line
    else:
        assert load(["agent.toml"], directories, environ=variables).inputs
