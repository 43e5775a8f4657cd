"""The command line: exit codes, messages, signals."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent import build
from agent.cli import main as module
from agent.errors import Fatal

GOOD = '[agent]\nomit_hostname = true\n[[inputs.file]]\nfiles = ["nothing"]\n[[outputs.discard]]\n'


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("agent")
    handlers, levels, raising = list(root.handlers), (root.level, own.level), logging.raiseExceptions
    signals = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in signals.items():
        signal.signal(number, handler)
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
    root.setLevel(levels[0])
    own.setLevel(levels[1])
    logging.raiseExceptions = raising


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            module.main(arguments)
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out, captured.err

    return run


@pytest.fixture
def file(tmp_path: Path):
    def file(text: str) -> str:
        path = tmp_path / "agent.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return file


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Stands for the pipeline; holds what it was built with."""
    calls: list[dict[str, Any]] = []

    def build_pipeline(config: Any, **options: Any) -> Any:
        calls.append({"config": config, **options})
        return SimpleNamespace(stop=lambda: None, run=lambda: 7)

    monkeypatch.setattr(build, "build_pipeline", build_pipeline)
    return calls


@pytest.mark.parametrize("arguments", [["--version"], ["-version"], ["version"]])
def test_version(run, arguments: list[str]) -> None:
    code, out, _ = run(*arguments)
    assert code == 0
    assert out.startswith("pyagent 0.")


@pytest.mark.parametrize(
    ("arguments", "mode", "wait"),
    [
        ([], "run", 0),
        (["--test"], "test", 0),
        (["--test-wait", "2.5"], "test", 2.5),
        (["-once", "-test-wait=3"], "once", 3),
    ],
)
def test_modes(run, file, built, arguments: list[str], mode: str, wait: float) -> None:
    code, _, err = run("--config", file(GOOD), *arguments)
    assert code == 7
    assert (built[0]["mode"], built[0]["test_wait"], built[0]["statistics"]) == (mode, wait, False)
    assert "I! Loaded inputs: file" in err


def test_outputs_are_not_needed_in_test_mode(run, file, built) -> None:
    path = file("[[inputs.file]]\nfiles = []\n")
    assert run("--config", path, "--test")[0] == 7
    code, _, err = run("--config", path)
    assert code == 2
    assert "there is no output" in err


def test_quiet_and_warnings(run, file, built) -> None:
    path = file(GOOD + "[outputs.discard.labels]\n")
    assert "W! " in run("--config", path)[2]
    assert run("--config", path, "--quiet")[2] == ""


def test_a_bad_configuration_is_answered_with_all_problems_and_2(run, file, built) -> None:
    path = file("[agent]\nintervall = 1\n[[inputs.fil]]\n")
    code, out, err = run("--config", path)
    assert (code, out, built) == (2, "", [])
    assert err.splitlines() == [
        f'E! {path}:2: [agent]: unknown option "intervall"; did you mean "interval"?',
        f'E! {path}:3: [[inputs.fil]]: unknown input "fil"; did you mean "file"?',
        "E! 2 problems in the configuration; nothing was started",
    ]


@pytest.mark.parametrize(
    "arguments",
    [["--bogus"], ["nonsense"], ["--test", "--once"], ["--strict-env-handling", "--non-strict-env-handling"]],
)
def test_a_bad_command_line_is_answered_with_2(run, arguments: list[str]) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert "Error: " in err


def test_what_fails_later_is_answered_with_1(run, file, monkeypatch: pytest.MonkeyPatch) -> None:
    def build_pipeline(*_: Any, **__: Any) -> Any:
        raise Fatal("never")

    monkeypatch.setattr(build, "build_pipeline", build_pipeline)
    code, _, err = run("--config", file(GOOD))
    assert code == 1
    assert err.splitlines()[-1] == "E! never"


def test_config_check(run, file) -> None:
    path = file(GOOD)
    code, out, _ = run("config", "check", "--config", path)
    assert code == 0
    assert out == f"The configuration is good: {path}: 1 inputs, 0 processors, 0 aggregators, 1 outputs\n"
    assert run("--config", path, "config", "check")[0] == 0
    code, _, err = run("config", "check", "--config", file(GOOD + "x = 1\n"))
    assert code == 2
    assert 'unknown option "x"' in err


def test_config_create(run, file) -> None:
    code, out, _ = run("config", "create", "internal", "discard")
    assert code == 0
    assert run("config", "check", "--config", file(out))[0] == 0
    code, _, err = run("config", "create", "discrad")
    assert code == 2
    assert err == 'E! unknown plugin "discrad"; did you mean "discard"?\n'


def test_plugins_list_and_show(run) -> None:
    code, out, _ = run("plugins", "list")
    assert code == 0
    assert any(line.startswith("inputs.kafka_consumer ") and "pyagent-telemetry" in line for line in out.splitlines())
    assert all(line.startswith("outputs.") for line in run("plugins", "list", "outputs")[1].splitlines())
    code, out, _ = run("plugins", "show", "inputs.file")
    assert code == 0
    assert "files (list of text" in out
    assert "data_format" in out
    assert "Options of all inputs:" in out
    assert 'did you mean "influxdb"' in run("plugins", "show", "influxdbb")[2]


def test_listing_plugins_imports_none_and_no_client(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom agent.cli.main import main\n"
        "try: main(['plugins', 'list'])\nexcept SystemExit: pass\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('requests', 'kafka', 'confluent_kafka')"
        " or m.startswith('plugins.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_first_signal_stops_from_outside_its_handler(file, built, run, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = threading.Event()
    by: list[str] = []

    def stop() -> None:
        by.append(threading.current_thread().name)
        stopped.set()

    def run_pipeline() -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return 0 if stopped.wait(10) else 1

    monkeypatch.setattr(build, "build_pipeline", lambda *_, **__: SimpleNamespace(stop=stop, run=run_pipeline))
    code, _, err = run("--config", file(GOOD))
    assert code == 0
    assert by == ["MainThread"]  # which waits for events: the handler itself only wrote to a pipe
    assert "Stopping on SIGTERM" in err


@pytest.mark.parametrize(("second", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 1)])
def test_the_second_signal_stops_at_once(tmp_path: Path, second: signal.Signals, code: int) -> None:
    script = (
        "import time\nfrom agent.cli.main import _on_signals\n_on_signals(lambda: None)\n"
        "print('ready', flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        assert process.poll() is None
        process.send_signal(second)
        assert process.wait(10) == code
