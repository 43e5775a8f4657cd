"""Dead letters on disk: durable, whole, never deleted unless that was asked for."""

from __future__ import annotations

import json

import pytest

from agent.dead_letters.file import DeadLetterFile, state_directory
from agent.dead_letters.letter import DeadLetter
from agent.errors import Retry, StartupError
from agent.record import Record


def letter(offset):
    return DeadLetter("parse", "inputs.x", "why", Record(b"x" * 50, topic="t", partition=0, offset=offset), time=1)


def offsets(folder):
    return sorted(
        json.loads(line)["offset"] for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()
    )


def test_rotation_deletes_nothing(tmp_path):
    file = DeadLetterFile(tmp_path, max_size=500)
    for offset in range(20):
        file.write([letter(offset)])
    file.close()
    assert offsets(tmp_path) == list(range(20))
    assert len(list(tmp_path.glob("*.jsonl"))) > 3


def test_two_agents_share_a_directory_with_a_file_each(tmp_path):
    one, two = DeadLetterFile(tmp_path), DeadLetterFile(tmp_path)
    one.write([letter(1)])
    two.write([letter(2)])
    one.close()
    two.close()
    assert offsets(tmp_path) == [1, 2]
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


def test_at_the_bound_the_source_waits_until_there_is_room(tmp_path):
    file = DeadLetterFile(tmp_path, max_size=500, total_size=1500)
    written = 0
    with pytest.raises(Retry, match="dead_letter_total_size = 1500"):
        for offset in range(50):
            file.write([letter(offset)])
            written += 1
    assert offsets(tmp_path) == list(range(written))
    next(path for path in tmp_path.glob("*.jsonl") if len(path.stem.split("-")) > 3).unlink()
    file.write([letter(99)])
    file.close()


def test_at_the_bound_the_oldest_go_if_that_was_asked_for(tmp_path):
    file = DeadLetterFile(tmp_path, max_size=500, total_size=1500, drop_oldest=True)
    for offset in range(50):
        file.write([letter(offset)])
    file.close()
    assert offsets(tmp_path)[-1] == 49
    assert sum(path.stat().st_size for path in tmp_path.glob("*.jsonl")) <= 1500


def test_a_torn_last_line_is_not_joined_by_the_next_letter(tmp_path):
    (tmp_path / "dead-letters-1.jsonl").write_bytes(b'{"torn": ')
    file = DeadLetterFile(tmp_path)
    file.write([letter(5)])
    file.close()
    assert json.loads((tmp_path / "dead-letters-1.jsonl").read_text().splitlines()[1])["offset"] == 5


def test_a_directory_that_cannot_be_written_is_said_at_start(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StartupError, match="state_directory"):
        DeadLetterFile(tmp_path / "file" / "below").check()


@pytest.mark.parametrize(("environment", "expected"), [
    ({"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, "/var/lib/a"),
    ({"XDG_STATE_HOME": "/x"}, "/x/pyagent"),
    ({"HOME": "/home/u"}, "/home/u/.local/state/pyagent"),
])  # fmt: skip
def test_where_it_is(monkeypatch, environment, expected):
    for name in ("STATE_DIRECTORY", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert str(state_directory()) == expected
    assert str(state_directory("/here")) == "/here"
