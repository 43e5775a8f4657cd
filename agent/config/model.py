"""The checked configuration, as ``config.load`` returns it and ``build`` turns it into a pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

import attrs

from agent.config.common import AggregatorCommon, InputCommon, OutputCommon, ProcessorCommon
from agent.config.settings import AgentConfig

__all__ = ["Config", "FormatTable", "PluginTable"]


@attrs.frozen
class FormatTable:
    """The parser or serializer that a plugin's table names with ``data_format``."""

    name: str
    """The ``data_format``."""
    plugin: type
    """The parser's or serializer's class."""
    config: Any
    """Its checked options."""


@attrs.frozen
class PluginTable:
    """One plugin table of a configuration, checked."""

    kind: str
    """``inputs``, ``processors``, ``aggregators``, ``outputs``."""
    name: str
    """The plugin's name, ``kafka_consumer``."""
    plugin: type
    """The plugin's class."""
    config: Any
    """An instance of its ``Config``."""
    common: Union[InputCommon, OutputCommon, ProcessorCommon, AggregatorCommon]
    given: frozenset[str]
    """The keys that the table has, common ones included: tells a default from a choice."""
    parser: Optional[FormatTable] = None
    serializer: Optional[FormatTable] = None
    distribution: str = ""
    """Name and version of the distribution that provides the plugin."""
    file: str = ""
    line: int = 0
    """Where its header stands."""
    header: str = ""
    """The header as written, ``[[inputs.kafka_consumer]]``."""
    key_lines: Mapping[str, int] = attrs.field(factory=dict, eq=False, repr=False)
    """The lines of its keys, for messages."""

    @property
    def identity(self) -> str:
        """``kind.name::alias``."""
        alias = self.common.alias
        return f"{self.kind}.{self.name}" + (f"::{alias}" if alias else "")


@attrs.frozen
class Config:
    """A whole configuration, every file merged."""

    agent: AgentConfig
    global_tags: dict[str, str]
    """Without ``host``, which the runtime adds."""
    inputs: Sequence[PluginTable]
    processors: Sequence[PluginTable]
    """In the order in which they run."""
    aggregators: Sequence[PluginTable]
    outputs: Sequence[PluginTable]
    files: Sequence[str] = ()
    warnings: Sequence[str] = ()
    """What is accepted but should be known: deprecated options, ignored ones."""
