"""What every plugin promises, whatever its kind: the base of the contract kits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import attrs
import tomli

from agent.config.sample import to_toml
from agent.config.structure import structure
from agent.contracts import Plugin
from agent.kits.make import make_plugin
from agent.options import option_infos

__all__ = ["PluginContract"]


class PluginContract:
    """Tests that pytest runs for a class derived from the kit of the plugin's kind.

    ::

    class TestLimit(ProcessorContract):
        plugin = Limit

        def options(self, tmp_path):
            return {"most": 10.0}
    """

    plugin: ClassVar[type[Plugin[Any]]]
    """The class under test."""
    client_libraries: ClassVar[tuple[str, ...]] = ()
    """Modules that only ``open`` may import: what listing and checking configurations must work without."""

    def options(self, tmp_path: Path) -> dict[str, Any]:
        """Options with which the plugin works; by default none."""
        return {}

    def make(self, tmp_path: Path) -> Any:
        """The plugin with those options, not opened."""
        return make_plugin(self.plugin, **self.options(tmp_path))

    def test_it_says_what_it_is(self) -> None:
        assert (self.plugin.__doc__ or "").strip(), "the plugin's class needs a docstring: samples and listings show it"

    def test_every_option_is_described(self) -> None:
        for info in option_infos(self.plugin.Config):
            assert len(info.doc) > 8, f"{info.name} needs prose"
            assert info.doc[-1] in ".)", f"{info.name}: prose is a sentence: {info.doc}"

    def test_an_unknown_option_is_refused_by_name(self, tmp_path: Path) -> None:
        found = structure(self.plugin.Config, {**self.options(tmp_path), "no_such_option": 1})
        assert [p for p in found.problems if "no_such_option" in str(p)], "an unknown option was accepted"

    def test_nonsense_is_refused(self, tmp_path: Path) -> None:
        for info in option_infos(self.plugin.Config):
            found = structure(self.plugin.Config, {**self.options(tmp_path), info.name: object()})
            assert found.problems, f"{info.name} accepted what is no value at all"

    def test_its_options_survive_toml(self, tmp_path: Path) -> None:
        """Options written as a configuration has them, and read again, are the same options."""
        given = self.options(tmp_path)
        text = "".join(f"{key} = {to_toml(value)}\n" for key, value in given.items())
        first, second = (structure(self.plugin.Config, table) for table in (given, tomli.loads(text)))
        assert not first.problems, first.problems
        assert first.value == second.value

    def test_its_options_are_immutable(self, tmp_path: Path) -> None:
        made = self.make(tmp_path)
        for field in attrs.fields(type(made.config)):
            try:
                setattr(made.config, field.name, None)
            except attrs.exceptions.FrozenInstanceError:
                continue
            raise AssertionError(f"{field.name} can be changed: make the options with @config")

    def test_closing_is_safe_without_open_and_twice(self, tmp_path: Path) -> None:
        made = self.make(tmp_path)
        made.close()
        made.close()

    def test_no_client_library_is_imported_before_open(self, tmp_path: Path) -> None:
        """In a fresh Python: the class is imported and a plugin is made, which is all that a check does."""
        code = (
            "import sys, importlib; from agent.kits.make import make_plugin; module, name, libraries, options = "
            f"{(self.plugin.__module__, self.plugin.__qualname__, self.client_libraries, self.options(tmp_path))!r}; "
            "make_plugin(getattr(importlib.import_module(module), name), **options); "
            "print([library for library in libraries if library in sys.modules])"
        )
        path = [str(Path(entry or ".").resolve()) for entry in sys.path]
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path[:] = {path!r}; {code}"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "[]", f"imported before open: {done.stdout.strip()}"
