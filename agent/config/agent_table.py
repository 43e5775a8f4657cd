"""The table ``[agent]``: merged over all files, then checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

import attrs

from agent.config.env import EnvText
from agent.config.settings import AgentConfig
from agent.config.sources import Document
from agent.config.structure import keys_of, structure
from agent.errors import ConfigProblem

__all__ = ["AgentTable"]

#: Telegraf folds case and underscores of these; of others it does not.
_FOLDED = {
    key.replace("_", ""): key
    for key in [
        "interval",
        "round_interval",
        "precision",
        "collection_jitter",
        "collection_offset",
        "flush_interval",
        "flush_jitter",
        "metric_batch_size",
        "metric_buffer_limit",
        "hostname",
        "omit_hostname",
    ]
}
#: Options of Telegraf that change nothing here, and why.
_WITHOUT_EFFECT = {
    "snmp_translator": "there is no SNMP plugin",
    "statefile": "no plugin keeps such a state; positions are committed to Kafka",
    "config_url_retry_attempts": "configurations are read from files only",
    "buffer_directory": "there is no disk buffer yet",
    "buffer_disk_sync": "there is no disk buffer yet",
}
_DEFAULTS_FOR_ZERO = {"metric_batch_size": 5000, "metric_buffer_limit": 10_000}


class AgentTable:
    """Collects ``[agent]`` of every file; a later file's keys win.

    Args:
        problems: Gets everything that is wrong.
        warnings: Gets what should be known.
    """

    def __init__(self, problems: list[ConfigProblem], warnings: list[str]) -> None:
        self._problems = problems
        self._warnings = warnings
        self._merged: dict[str, Any] = {}
        self._documents: dict[str, tuple[Document, str]] = {}  # key -> its file, and the key as written there

    def take(self, document: Document, content: Mapping[str, Any]) -> None:
        """Add one file's table."""
        known = keys_of(AgentConfig)
        for written, value in content.items():
            key = written
            if key not in known:
                key = _FOLDED.get(written.lower().replace("_", ""), written)
            place = document.problem("", ("agent", written))
            if key in self._documents:
                other = self._documents[key][0]
                self._warnings.append(
                    f"{document.file}:{place.line}: [agent]: {key} replaces the value of {other.file}"
                )
            if key in _WITHOUT_EFFECT:
                self._warnings.append(str(place._replace(message=f"{key} has no effect: {_WITHOUT_EFFECT[key]}")))
                continue
            self._merged[key] = value
            self._documents[key] = (document, written)

    def finish(self) -> Optional[AgentConfig]:
        """The checked options, or None if there are problems."""
        before = len(self._problems)
        self._refuse("buffer_strategy", {"disk", "disk_write_through"}, 'only "memory" is supported yet')
        for key in ("logformat", "logtarget"):
            self._refuse(key, {"eventlog"}, "the Windows event log is not supported; log to a file or to stderr")
        made = structure(AgentConfig, self._merged)
        for finding in made.warnings:
            self._warnings.append(str(self._place(str(finding.path[0]), finding.message)))
        for finding in made.problems:
            self._add(str(finding.path[0]) if finding.path else "", finding.message)
        if made.value is None:
            return None
        agent: AgentConfig = made.value
        for key in ("interval", "flush_interval", "memory_limit"):
            if getattr(agent, key) <= 0:
                self._add(key, f"{key} must be positive")
        for key in [
            "precision",
            "collection_jitter",
            "collection_offset",
            "flush_jitter",
            "flush_linger",
            "metric_batch_size",
            "metric_buffer_limit",
            "shutdown_timeout",
            "logfile_rotation_interval",
            "logfile_rotation_max_size",
            "dead_letter_max_size",
        ]:
            if getattr(agent, key) < 0:
                self._add(key, f"{key} must not be negative")
        self._check_zone(agent.log_with_timezone)
        if len(self._problems) > before:
            return None
        zero = {key: value for key, value in _DEFAULTS_FOR_ZERO.items() if getattr(agent, key) == 0}
        return attrs.evolve(agent, **zero)  # type: ignore[misc]  # @config classes are attrs classes

    def _check_zone(self, name: str) -> None:
        if not name or name.lower() in ("local", "utc"):
            return
        from zoneinfo import ZoneInfo

        try:
            ZoneInfo(name)
        except Exception:
            self._add("log_with_timezone", f'log_with_timezone: there is no time zone "{name}"')

    def _refuse(self, key: str, values: set[str], why: str) -> None:
        value = self._merged.get(key)
        if isinstance(value, str) and value.lower() in values:
            shown = "its value" if isinstance(value, EnvText) else f'"{value}"'
            self._add(key, f"{key}: {shown}: {why}")
            del self._merged[key]

    def _add(self, key: str, message: str) -> None:
        self._problems.append(self._place(key, message))

    def _place(self, key: str, message: str) -> ConfigProblem:
        if key not in self._documents:
            return ConfigProblem(message, table="[agent]", key=key)
        document, written = self._documents[key]
        return document.problem(message, ("agent", written), key)
