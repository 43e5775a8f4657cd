"""What every plugin of ours promises: over all entry points, so that a new one is covered by being declared."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import attrs
import pytest
import tomli

from agent.config.sample import sample
from agent.config.structure import structure
from agent.contracts import Aggregator, Input, Output, Parser, Processor, Serializer, StreamInput
from agent.options import option_infos
from agent.registry import Registry
from pyagent import ConfigError
from pyagent.testing import make_plugin

CONTRACTS = {
    "inputs": (Input, StreamInput), "parsers": (Parser,), "processors": (Processor,), "aggregators": (Aggregator,),
    "outputs": (Output,), "serializers": (Serializer,),
}  # fmt: skip
REGISTRY = Registry()
ALL = [(kind, name) for kind in CONTRACTS for name in REGISTRY.names(kind)]


@pytest.fixture(params=ALL, ids=lambda pair: ".".join(pair))
def pair(request):
    return request.param


@pytest.fixture
def plugin(pair):
    return Registry().load(*pair)


#: Options without which a plugin cannot be made.
REQUIRED = {
    "inputs.file": {"files": ["x"]},
    "inputs.kafka_consumer": {"brokers": ["127.0.0.1:1"], "topics": ["t"]},
    "processors.date": {"tag_key": "day", "date_format": "2006-01-02"},
    "processors.pivot": {"tag_key": "name", "value_key": "value"},
    "processors.scale": {"scaling": [{"factor": 2, "fields": ["v"]}]},
    "processors.split": {"template": [{"name": "n", "fields": ["v"]}]},
    "processors.timestamp": {
        "field": "t", "source_timestamp_format": "unix", "destination_timestamp_format": "rfc3339",
    },
}  # fmt: skip


def required(plugin):
    return REQUIRED.get(plugin, {})


def test_it_is_of_its_kind_and_has_a_docstring(pair, plugin):
    assert issubclass(plugin, CONTRACTS[pair[0]])
    assert plugin.__doc__


def test_every_option_is_described(plugin):
    for info in option_infos(plugin.Config):
        assert len(info.doc) > 8, info.name
        assert info.doc[-1] in ".)", f"{info.name}: {info.doc}"


def test_an_unknown_option_is_refused(plugin):
    found = structure(plugin.Config, {"no_such_option": 1})
    assert any("no_such_option" in str(problem) for problem in found.problems)


def test_the_options_are_immutable(pair, plugin):
    made = make_plugin(plugin, **required(".".join(pair)))
    for info in option_infos(plugin.Config):
        with pytest.raises((attrs.exceptions.FrozenInstanceError, AttributeError)):
            setattr(made.config, info.name, None)


@pytest.mark.parametrize(("kind", "name"), [pair for pair in ALL if pair[0] not in ("parsers", "serializers")])
def test_its_sample_is_toml_that_names_it(kind, name):
    text = sample(REGISTRY, [f"{kind}.{name}"])
    assert name in text
    tomli.loads(text)


def test_closing_is_safe_before_open_and_twice(pair, plugin):
    made = make_plugin(plugin, **required(".".join(pair)))
    made.close()
    made.close()


def test_importing_it_imports_no_client_library(pair):
    (found,) = (
        [e for e in entry_points(group=f"pyagent_{pair[0]}") if e.name == pair[1]]
        if sys.version_info >= (3, 10)
        else [e for e in entry_points()[f"pyagent_{pair[0]}"] if e.name == pair[1]][:1]
    )
    module = found.value.partition(":")[0]
    code = f"import sys, {module}; print([n for n in ('kafka', 'confluent_kafka', 'requests', 'gjson') if n in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_nonsense_is_a_configuration_error(pair, plugin):
    for info in option_infos(plugin.Config):
        found = structure(plugin.Config, {**required(".".join(pair)), info.name: object()})
        assert found.problems, info.name
    with pytest.raises(ConfigError):
        make_plugin(plugin, no_such_option=1)
