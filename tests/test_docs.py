"""The examples of the documents run, and the files and names that they mention exist."""

from __future__ import annotations

import importlib
import re
import sys
import types
from pathlib import Path

import pytest
import tomli

from agent.config.load import load
from agent.kits.pipelines import collect
from agent.registry import KINDS, Registry
from pyagent import Metric
from pyagent.testing import make_plugin

ROOT = Path(__file__).parent.parent
DOCUMENTS = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))]


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name, language):
    return re.findall(rf"```{language}\n(.*?)```", text_of(name), re.DOTALL)


@pytest.fixture
def run_code(monkeypatch):
    """Runs all Python of a document, top to bottom, as one module; gives its names."""

    def run(name):
        module = types.ModuleType("document")
        monkeypatch.setitem(sys.modules, "document", module)
        for code in blocks(name, "python"):
            exec(compile(code, name, "exec"), module.__dict__)
        return module

    return run


def entry_points(name):
    """(kind, name, class) of each entry point that a document's pyproject.toml declares."""
    found = []
    for block in blocks(name, "toml"):
        for group, entries in tomli.loads(block).get("project", {}).get("entry-points", {}).items():
            prefix, _, kind = group.partition("_")
            assert prefix == "pyagent"
            assert kind in KINDS
            found += [(kind, plugin, target.partition(":")[2]) for plugin, target in entries.items()]
    return found


def registry_of(name, module):
    registry = Registry()
    for kind, plugin, cls in entry_points(name):
        registry.add(kind, plugin, getattr(module, cls))
    return registry


def configurations(name):
    return [block for block in blocks(name, "toml") if "project" not in tomli.loads(block)]


# -- the README


@pytest.mark.parametrize(
    "command",
    [
        "python3 -m venv .venv && .venv/bin/pip install '.[demo]' && .venv/bin/pyagent demo",
        "python3 -m venv .venv && .venv/bin/pip install '.[dev]' && .venv/bin/pytest",
    ],
)
def test_the_readme_has_the_two_commands_to_copy(command):
    assert f"{command}\n" in blocks("README.md", "sh")


def test_the_configuration_of_the_readme_loads(tmp_path):
    (example,) = configurations("README.md")
    (tmp_path / "agent.toml").write_text(example)
    config = load([str(tmp_path / "agent.toml")])
    assert [table.name for table in (*config.inputs, *config.outputs)] == ["kafka_consumer", "influxdb"]
    assert len([line for line in example.splitlines() if line.strip()]) <= 10


def test_the_plugin_of_the_readme_works(run_code):
    limit = make_plugin(run_code("README.md").Limit, most=10)
    assert limit.apply([Metric("m", {"v": 50.0, "s": "x"})]) == [Metric("m", {"v": 10.0, "s": "x"})]
    (code,) = blocks("README.md", "python")
    assert len([line for line in code.splitlines() if line.strip()]) <= 15


def test_the_readme_lists_every_plugin():
    registry = Registry()
    for kind in KINDS:
        for name in registry.names(kind):
            assert f"`{name}`" in text_of("README.md"), f"{kind}.{name}"


# -- all documents


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if configurations(name)])
def test_configurations_load_without_a_warning(name, tmp_path, monkeypatch, run_code):
    for variable in ("kafka_password", "influx_token"):
        monkeypatch.setenv(variable, "secret")
    monkeypatch.setenv("POD_NAME", "pod")
    registry = registry_of(name, run_code(name))
    for index, block in enumerate(configurations(name)):
        file = tmp_path / f"{index}.toml"
        file.write_text(block)
        assert load([str(file)], registry=registry).warnings == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_that_are_named_exist(name):
    named = re.findall(r"(?<![\w/])(?:agent|plugins|pyagent|tests|docs)/[\w/]+\.(?:py|md)", text_of(name))
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)]+)\)", text_of(name)):
        file, _, anchor = target.partition("#")
        path = (ROOT / name).parent / file
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [heading.lower().replace(" ", "-") for heading in headings], target


def test_the_architecture_names_methods_where_they_are():
    named = re.findall(r"`(\w+)\.(\w+)`\s\(`([\w/]+)\.py`\)", text_of("docs/architecture.md"))
    assert len(named) >= 10
    for cls, method, module in named:
        assert callable(getattr(getattr(importlib.import_module(module.replace("/", ".")), cls), method))


def test_the_architecture_draws_every_step_of_the_way():
    drawn = set(re.findall(r"agent/running/\w+\.py", text_of("docs/architecture.md")))
    assert {str(p.relative_to(ROOT)) for p in (ROOT / "agent/running").glob("[!_]*.py")} <= drawn


def test_every_case_that_is_answered_otherwise_is_listed():
    cases = ROOT / "tests" / "cases"
    ours = {str(path.parent.relative_to(cases)) for path in cases.rglob("expected.ours.influx")}
    assert ours
    assert [case for case in sorted(ours) if f"`{case}`" not in text_of("docs/deviations.md")] == []


def test_nobody_is_told_to_install_a_strangers_distribution():
    for path in ROOT.rglob("*"):
        if path.suffix in (".md", ".py", ".toml", ".example") and not {".git", ".venv"} & set(path.parts):
            assert not re.search("pip install " + r"'?pyagent(?!-telemetry)\b", path.read_text(errors="replace")), path


# -- docs/configuration.md


def test_the_common_options_are_all_named():
    from agent.config.structure import keys_of
    from agent.config.tables import COMMON

    for kind, cls in COMMON.items():
        missing = [key for key in set(keys_of(cls).values()) if f"`{key}`" not in text_of("docs/configuration.md")]
        assert missing == [], kind


# -- docs/plugins.md


def test_the_tests_of_the_plugin_page_pass(run_code):
    tests = [value for name, value in vars(run_code("docs/plugins.md")).items() if name.startswith("test_")]
    assert len(tests) == 2
    for test in tests:
        test()


def test_the_plugins_of_the_plugin_page_run_together(tmp_path, monkeypatch, run_code):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    module = run_code("docs/plugins.md")
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "a.lp").write_text("m v=50 1\nm v=5 2\n")
    (spool / "b.lp").write_text("m v=7 3\n")
    load_file = tmp_path / "loadavg"
    load_file.write_text("0.5 30.25 0 1/2 3\n")
    (block,) = configurations("docs/plugins.md")
    block = block.replace('"spool"', f"'{spool}'").replace('"30s"', f"\"30s\"\n  path = '{load_file}'")
    (tmp_path / "agent.toml").write_text(f"[agent]\n  omit_hostname = true\n{block}")
    code, metrics = collect(
        load([str(tmp_path / "agent.toml")], registry=registry_of("docs/plugins.md", module)), wait=1
    )
    assert code == 0
    by_time = {m.time: m.fields for m in metrics if m.name == "m"}
    assert by_time == {1: {"v": 10.0}, 2: {"v": 5.0}, 3: {"v": 7.0}}
    assert [m.fields for m in metrics if m.name == "load"] == [{"one": 0.5, "five": 10.0}]
    assert list(spool.iterdir()) == []  # committed after they were written
