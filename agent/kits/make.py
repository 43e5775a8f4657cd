"""Makes one plugin from plain options, as a table of TOML would."""

from __future__ import annotations

from typing import Any

from agent.config.structure import structure
from agent.errors import ConfigError, ConfigProblem

__all__ = ["make_plugin"]


def make_plugin(plugin: type, **options: Any) -> Any:
    """An instance of ``plugin`` with checked options, its ``init`` called; not opened.

    Raises:
        ConfigError: The options are refused.
    """
    found = structure(plugin.Config, options)  # type: ignore[attr-defined]
    if found.problems:
        raise ConfigError([ConfigProblem(str(finding)) for finding in found.problems])
    made = plugin(found.value)
    made.init()
    return made
