"""Plugins by name: only what is asked for is imported, and errors name the distribution."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from agent.contracts import Input, Parser, StreamInput
from agent.errors import PluginError
from agent.options import NoConfig
from agent.registry import KINDS, Registry

if sys.version_info >= (3, 10):
    from importlib.metadata import EntryPoint
else:
    from importlib_metadata import EntryPoint


class Load(Input[NoConfig]):
    """Good."""

    def gather(self):
        return []


class Lazy(StreamInput[NoConfig]):
    """Lacks poll()."""


def entry(name: str, value: str, group: str = "pyagent_inputs", dist: str = "acme", version: str = "1.2") -> EntryPoint:
    return EntryPoint(name, value, group)._for(SimpleNamespace(name=dist, version=version))


def test_the_built_in_plugins_are_found_without_importing_any() -> None:
    before = set(sys.modules)
    registry = Registry()
    assert "kafka_consumer" in registry.names("inputs")
    assert registry.describe("inputs", "kafka_consumer").distribution.startswith("pyagent-telemetry ")
    assert not [name for name in set(sys.modules) - before if name.startswith("plugins.inputs")]


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(PluginError, match='unknown input "kafka_consumr"; did you mean "kafka_consumer"'):
        Registry().load("inputs", "kafka_consumr")


def test_a_name_of_another_kind_is_pointed_out() -> None:
    with pytest.raises(PluginError, match=r"it exists as inputs\.load"):
        Registry([entry("load", "x:Y")]).load("outputs", "load")


def test_only_the_named_plugin_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "acme_good", SimpleNamespace(Load=Load))
    registry = Registry([entry("good", "acme_good:Load"), entry("broken", "acme_not_there:Load")])
    assert registry.load("inputs", "good") is Load
    assert registry.get_plugin("inputs.good") is Load
    assert registry.names("inputs") == ["broken", "good"]


def test_an_import_error_names_distribution_and_module() -> None:
    with pytest.raises(PluginError, match=r"'inputs\.acme' from acme 1\.2 \(acme_not_there:Load\).*acme_not_there"):
        Registry([entry("acme", "acme_not_there:Load")]).load("inputs", "acme")


def test_two_distributions_with_one_name_are_both_named() -> None:
    registry = Registry([entry("acme", "a:B"), entry("acme", "c:D", dist="fork", version="0.3")])
    with pytest.raises(PluginError, match=r"provided by acme 1\.2 and by fork 0\.3; uninstall one"):
        registry.load("inputs", "acme")


def test_what_is_no_plugin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "acme_bad", SimpleNamespace(Lazy=Lazy, number=5))
    registry = Registry([entry("lazy", "acme_bad:Lazy"), entry("number", "acme_bad:number")])
    with pytest.raises(PluginError, match=r"is not an input: it lacks poll\(\)"):
        registry.load("inputs", "lazy")
    with pytest.raises(PluginError, match="must be a class derived from Input or StreamInput"):
        registry.load("inputs", "number")


def test_one_class_may_have_several_names_and_be_replaced() -> None:
    class One(Parser[NoConfig]):
        def parse(self, data):
            return []

    class Other(One):
        def parse(self, data):
            return []

    registry = Registry([])
    registry.add("parsers", "a", One)
    registry.add("parsers", "b", One)
    assert registry.load("parsers", "a") is registry.load("parsers", "b") is One
    registry.add("parsers", "a", Other)
    assert registry.load("parsers", "a") is Other


@pytest.mark.parametrize("kind", KINDS)
def test_every_declared_plugin_loads(kind: str) -> None:
    registry = Registry()
    for name in registry.names(kind):
        assert registry.load(kind, name).kind == kind
