"""The examples of the README run, and the files that the documents name exist."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import pytest

from agent.config.load import load
from agent.registry import Registry
from pyagent import Metric
from pyagent.testing import make_plugin

ROOT = Path(__file__).parent.parent


def blocks(name, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)


def test_the_configuration_of_the_readme_loads(tmp_path):
    example = next(block for block in blocks("README.md", "toml") if "[[inputs" in block)
    (tmp_path / "agent.toml").write_text(example)
    config = load([str(tmp_path / "agent.toml")])
    assert [table.name for table in (*config.inputs, *config.outputs)] == ["kafka_consumer", "influxdb"]
    assert len([line for line in example.splitlines() if line.strip()]) <= 10


def test_the_plugin_of_the_readme_works(monkeypatch):
    (code,) = blocks("README.md", "python")
    module = types.ModuleType("readme_plugin")
    monkeypatch.setitem(sys.modules, "readme_plugin", module)
    exec(compile(code, "README.md", "exec"), module.__dict__)
    limit = make_plugin(module.Limit, most=10)
    assert limit.apply([Metric("m", {"v": 50.0, "s": "x"})]) == [Metric("m", {"v": 10.0, "s": "x"})]


def test_the_readme_lists_every_plugin():
    text = (ROOT / "README.md").read_text()
    registry = Registry()
    for kind in ("inputs", "parsers", "processors", "aggregators", "outputs", "serializers"):
        for name in registry.names(kind):
            assert f"`{name}`" in text, f"{kind}.{name}"


@pytest.mark.parametrize("name", ["README.md", "docs/architecture.md"])
def test_files_that_are_named_exist(name):
    named = re.findall(r"(?:agent|plugins|tests|docs)/[\w/]+\.(?:py|md)", (ROOT / name).read_text())
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_nobody_is_told_to_install_a_strangers_distribution():
    for path in ROOT.rglob("*"):
        if path.suffix in (".md", ".py", ".toml", ".example") and not {".git", ".venv"} & set(path.parts):
            assert not re.search("pip install " + r"'?pyagent(?!-telemetry)\b", path.read_text(errors="replace")), path
