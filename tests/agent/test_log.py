"""Log lines as people and machines read them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import log as logs
from agent.config.settings import AgentConfig
from agent.errors import ConfigError
from agent.values import Size


@pytest.fixture(autouse=True)
def _restore(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("agent")
    handlers, levels, raising = list(root.handlers), (root.level, own.level), logging.raiseExceptions
    monkeypatch.setattr(logs, "_handler", None)
    yield
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(levels[0])
    own.setLevel(levels[1])
    logging.raiseExceptions = raising


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup(AgentConfig())
    logging.getLogger("agent").info("Starting %s", "x")
    logs.plugin_logger("inputs.kafka_consumer::a").warning("two\nlines\r")
    logging.getLogger("kafka.conn").error("lost")
    logging.getLogger("kafka.conn").info("chatter")
    logs.plugin_logger("outputs.x").debug("hidden")
    lines = capsys.readouterr().err.splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", line) for line in lines)
    assert [line[21:] for line in lines] == [
        "I! Starting x",
        "W! [inputs.kafka_consumer::a] two\\nlines",
        "E! [kafka.conn] lost",
    ]


def test_levels_of_the_agent_and_of_a_plugin(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup(AgentConfig(debug=True))
    logs.plugin_logger("inputs.a").debug("1")
    logs.setup(AgentConfig(debug=True), quiet=True)
    logs.plugin_logger("inputs.a").warning("2")
    logs.plugin_logger("inputs.b", "trace").log(logs.TRACE, "3")
    logs.plugin_logger("inputs.c", "ERROR").warning("4")
    logs.plugin_logger("inputs.a").error("5")
    assert [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()] == [
        "D! [inputs.a] 1",
        "T! [inputs.b] 3",
        "E! [inputs.a] 5",
    ]


def test_structured(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup(AgentConfig(logformat="structured", structured_log_message_key="message"))
    logs.plugin_logger("inputs.kafka_consumer::x").warning('a "b"\nc')
    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("agent").exception("failed")
    logging.getLogger("urllib3.pool").warning("w")
    first, second, third = map(json.loads, capsys.readouterr().err.splitlines())
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "WARN",
        "message": 'a "b"\nc',
        "category": "inputs",
        "plugin": "kafka_consumer",
        "alias": "x",
    }
    assert second["level"] == "ERROR"
    assert second["message"].startswith("failed\nTraceback")
    assert "category" not in second
    assert third["logger"] == "urllib3.pool"


def test_time_zone(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup(AgentConfig(log_with_timezone="Asia/Kolkata"))
    logging.getLogger("agent").info("x")
    assert "+05:30 I! x" in capsys.readouterr().err


def test_a_file_by_size_with_archives(tmp_path: Path) -> None:
    path = tmp_path / "made" / "agent.log"
    logs.setup(AgentConfig(logfile=str(path), logfile_rotation_max_size=Size(100), logfile_rotation_max_archives=2))
    for number in range(12):
        logging.getLogger("agent").info("message number %d", number)
    files = sorted(path.parent.iterdir())
    assert len(files) == 3
    assert all(file.stat().st_size <= 100 for file in files)
    assert path.read_text(encoding="utf-8").splitlines()[-1].endswith("message number 11")
    assert all(re.fullmatch(r"agent\.\d{4}-\d\d-\d\d-\d+(-\d+)?\.log|agent\.log", file.name) for file in files)


def test_a_file_by_age(tmp_path: Path) -> None:
    now = [1_700_000_000.0]
    handler = logs._RotatingFile(tmp_path / "a.log", 0, 60.0, -1, now=lambda: now[0])
    for step in (0, 30, 31, 61):
        now[0] += step
        handler.emit(logging.makeLogRecord({"msg": f"{step}"}))
    handler.close()
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        "a.2023-11-14-1700000061.log": "0\n30\n",
        "a.2023-11-14-1700000122.log": "31\n",
        "a.log": "61\n",
    }


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot write to"):
        logs.setup(AgentConfig(logfile=str(tmp_path / "file" / "x.log")))
