"""``@{store:key}``: found in every kind of store, shown nowhere."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from agent.config.load import load
from agent.errors import ConfigError

CANARY = "canary-4711"
OUTPUT = "[[inputs.file]]\nfiles = ['x']\n[[outputs.influxdb_v2]]\n"


def loaded(tmp_path, text):
    file = tmp_path / "agent.toml"
    file.write_text(text)
    return load([str(file)])


def problems(tmp_path, text):
    with pytest.raises(ConfigError) as found:
        loaded(tmp_path, text)
    assert CANARY not in str(found.value)
    return [(problem.line, problem.message) for problem in found.value.problems]


def token(config):
    return config.outputs[0].config.token.get()


@pytest.mark.parametrize("name", ["token", "TOKEN"])
def test_environment(tmp_path, monkeypatch, name):
    monkeypatch.setenv(f"APP_{name}", CANARY)
    text = OUTPUT + "token = 'Bearer @{e:token}'\n[[secretstores.env]]\nid = 'e'\nprefix = 'APP_'\n"
    assert token(loaded(tmp_path, text)) == f"Bearer {CANARY}"


@pytest.mark.parametrize("kind", ["file", "docker"])
def test_files_of_a_directory(tmp_path, kind):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "token").write_text(CANARY + "\n")
    text = f"[[secretstores.{kind}]]\nid = 'd'\npath = '{tmp_path}/secrets'\n" + OUTPUT
    config = loaded(tmp_path, text + "token = '@{d:token}'\nhttp_headers = {X-Key = '@{d:token}'}\n")
    assert token(config) == CANARY
    assert config.outputs[0].config.http_headers["X-Key"].get() == CANARY
    assert CANARY not in repr(config)


def test_the_systems_keyring(tmp_path, monkeypatch):
    keyring = pytest.importorskip("keyring")
    kept = {("telegraf", "token"): CANARY}
    monkeypatch.setattr(keyring, "get_password", lambda service, user: kept.get((service, user)))
    text = "[[secretstores.os]]\nid = 'k'\n" + OUTPUT
    assert token(loaded(tmp_path, text + "token = '@{k:token}'\n")) == CANARY
    ((line, message),) = problems(tmp_path, text + "token = '@{k:other}'\n")
    assert (line, message) == (6, 'token: "@{k:other}": secretstores.os::k has no secret "other"')


@pytest.mark.parametrize(("text", "line", "message"), [
    ("[[secretstores.env]]\n", 1, "needs an id"),
    ("[[secretstores.env]]\nid = 'a b'\n", 2, "needs an id"),
    ("[[secretstores.env]]\nid = 'a'\n[[secretstores.env]]\nid = 'a'\n", 4, "another secret store's"),
    ("[[secretstores.vault]]\nid = 'a'\n", 1, 'unknown secret store "vault"'),
    ("[[secretstores.file]]\nid = 'a'\npath = '/nowhere'\n", 3, "/nowhere is no directory"),
    ("[[secretstores.env]]\nid = 'a'\nprefx = 'x'\n", 3, 'did you mean "prefix"'),
    ("[secretstores.env]\nid = 'a'\n", 1, "double brackets"),
    (OUTPUT + "token = '@{e:t}'\n[[secretstores.env]]\nid = 'env'\n", 4, 'no secret store with the id "e"'),
])  # fmt: skip
def test_what_is_wrong_is_placed(tmp_path, text, line, message):
    ((found, said),) = problems(tmp_path, text)
    assert found == line
    assert message in said


def test_a_canary_is_in_no_log_no_traceback_and_no_output(tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", CANARY)
    (tmp_path / "x").write_text("m v=1 1\n")
    file = tmp_path / "agent.toml"
    file.write_text(
        "[agent]\ndebug = true\nshutdown_timeout = '1s'\n[[secretstores.env]]\nid = 'e'\n[[inputs.file]]\n"
        f"files = ['{tmp_path}/x']\n[[outputs.influxdb_v2]]\nurls = ['http://127.0.0.1:1']\ntoken = '@{{e:token}}'\n"
        "[[outputs.influxdb]]\nurls = ['http://127.0.0.1:1']\nusername = 'u'\npassword = '@{e:token}'\n"
    )
    for words in (["--config", str(file), "--once"], ["config", "check", "--config", str(file)]):
        done = subprocess.run([sys.executable, "-m", "pyagent", *words], capture_output=True, text=True, timeout=60)
        assert CANARY not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    logging.getLogger("x").warning("%s %r", load([str(file)]), Path(file))
