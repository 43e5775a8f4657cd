"""Samples are generated from the options, are valid, and the one in the repository is not stale."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Optional

import pytest
import tomli

from agent.config.load import load
from agent.config.sample import describe_option, sample, to_toml
from agent.config.tables import COMMON
from agent.contracts import Output
from agent.errors import PluginError
from agent.options import config, option, option_infos
from agent.registry import Registry
from agent.values import Duration, Secret, Size

EXAMPLE = Path(__file__).parents[3] / "telegraf.toml.example"


@config
class Sub:
    path: str = option("A path.", example="/a")
    depth: int = option("Depth.", default=2)


@config
class Options:
    url: str = option("Where to.", example="http://localhost:8086")
    token: Secret = option("Secret.", default=Secret("hunter2"))
    wait: Optional[Duration] = option("How long.", default=None)
    room: Size = option("Room.", default=Size(5), example="1MB")
    mode: str = option("Mode.", default="a", choices=("a", "b"))
    old: int = option("Old.", default=0, deprecated="use new")
    headers: dict[str, str] = option("Headers.", default={}, example={"X-Api": "1"})
    sub: Optional[Sub] = option("Sub.", default=None)
    subs: list[Sub] = option("Subs.", default=[])
    maybe: Optional[list[str]] = option("Maybe.", default=None)


class Http(Output[Options]):
    """Writes over HTTP.

    Not in the sample.
    """

    uses_serializer = True

    def write(self, batch):
        pass


def uncommented(text: str, whole_plugins: bool = False) -> str:
    """The sample with every option in force."""
    if whole_plugins:
        head, _, rest = text.partition("#" * 79)
        text = head + re.sub(r"^# (?=\[|  )|^#$", "", rest, flags=re.MULTILINE)
    for _ in range(3):
        text = re.sub(r"^( +)# (?!#)", r"\1", text, flags=re.MULTILINE)
    return text


@pytest.fixture
def registry() -> Registry:
    registry = Registry([])
    registry.add("outputs", "http", Http)
    return registry


def test_a_sample_shows_each_option_and_no_secret(registry: Registry) -> None:
    text = sample(registry, ["http"])
    assert '# Writes over HTTP.\n[[outputs.http]]\n  ## Where to.\n  url = "http://localhost:8086"\n' in text
    assert '## Mode. One of: "a", "b".\n  # mode = "a"' in text
    assert '  # [outputs.http.headers]\n  #   X-Api = "1"' in text
    assert "  # [[outputs.http.subs]]\n" in text
    assert '# data_format = "influx"' in text
    assert "hunter2" not in text
    assert "old = " not in text
    assert "Not in the sample" not in text


def test_the_sample_as_printed_and_with_everything_in_force_is_valid(registry: Registry) -> None:
    text = sample(registry, ["outputs.http"])
    assert tomli.loads(text)["outputs"]["http"] == [{"url": "http://localhost:8086"}]
    http = tomli.loads(uncommented(text))["outputs"]["http"][0]
    assert http["sub"] == {"path": "/a", "depth": 2}
    assert http["subs"] == [{"path": "/a", "depth": 2}]
    assert http["headers"] == {"X-Api": "1"}
    assert http["maybe"] == []


def test_unknown_names(registry: Registry) -> None:
    with pytest.raises(PluginError, match='did you mean "http"'):
        sample(registry, ["htp"])
    with pytest.raises(PluginError, match="unknown output"):
        sample(registry, ["outputs.nothing"])


def test_a_broken_plugin_does_not_hide_the_others(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "names", lambda kind: ["broken", "http"] if kind == "outputs" else [])
    text = sample(registry)
    assert "# outputs.broken cannot be shown: unknown output" in text
    assert "# [[outputs.http]]" in text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"),
        (Duration(1_500_000_000), '"1s500ms"'),
        (Size(7), "7"),
        ('a"\\\n\x7f', '"a\\"\\\\\\n\\u007f"'),
        (1.0, "1.0"),
        (float("inf"), "inf"),
        ([1, "a"], '[1, "a"]'),
        ({"a b": 1, "c": []}, '{ "a b" = 1, c = [] }'),
        ({}, "{}"),
    ],
)
def test_values(value: Any, expected: str) -> None:
    assert to_toml(value) == expected
    assert tomli.loads(f"x = {expected}")


def test_options_in_words() -> None:
    heads = [describe_option(info)[0] for info in option_infos(Options)]
    assert heads[:5] == [
        "url (text, required)",
        "token (secret text)",
        "wait (duration)",
        "room (size, default 5)",
        'mode (text, default "a")',
    ]
    assert "headers (table of text)" in heads
    assert "subs (list of table)" in heads


def _ours() -> list[tuple[str, str]]:
    return [(kind, name) for kind in COMMON for name in Registry().names(kind)]


@pytest.mark.parametrize("plugin", _ours(), ids=".".join)
def test_every_plugins_sample_loads_as_printed_and_with_everything_in_force(
    plugin: tuple[str, str], tmp_path: Path
) -> None:
    kind, name = plugin
    text = sample(Registry(), [f"{kind}.{name}"])
    file = tmp_path / "agent.toml"
    file.write_text(text, encoding="utf-8")
    assert len(getattr(load([str(file)], environ={}), kind)) == 1
    file.write_text(uncommented(text), encoding="utf-8")
    assert len(getattr(load([str(file)], environ={}), kind)) == 1


def test_the_example_in_the_repository_is_not_stale() -> None:
    expected = sample(Registry(), distribution="pyagent-telemetry")
    assert EXAMPLE.read_text(encoding="utf-8") == expected, (
        "stale; make it anew: pyagent config create > telegraf.toml.example"
    )
    assert set(tomli.loads(expected)) == {"global_tags", "agent"}
