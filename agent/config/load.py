"""Loads a configuration: files, environment, merging, checking. Every problem is found before one is reported."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

from agent.config.agent_table import AgentTable
from agent.config.model import Config, PluginTable
from agent.config.secrets import open_stores, using
from agent.config.sources import Document, find_files, read
from agent.config.tables import check_table
from agent.errors import ConfigError, ConfigProblem
from agent.log import plugin_logger
from agent.registry import Registry, nearest

__all__ = ["check", "load", "placed", "require_plugins"]

_SECTIONS = ("agent", "global_tags", "inputs", "processors", "aggregators", "outputs", "secretstores")
_PLUGIN_SECTIONS = {"plugins": "inputs", **{kind: kind for kind in _SECTIONS[2:6]}}


def load(
    files: Sequence[str] = (),
    directories: Sequence[str] = (),
    *,
    env_mode: str = "strict",
    old_env: bool = False,
    registry: Optional[Registry] = None,
    environ: Optional[Mapping[str, str]] = None,
) -> Config:
    """Load, merge and check a configuration.

    Args:
        files: The files, in order.
        directories: Then every ``*.conf`` below these. Without files and directories: the default places.
        env_mode: ``strict``: variables stand in string values; ``non-strict``: anywhere in the text.
        old_env: ``$$`` is no escape for ``$``.
        registry: Where plugins come from; None: the installed distributions.
        environ: The variables; None: the process's.

    Raises:
        ConfigError: With every problem that was found, each with file, table and line.
    """
    loader = _Loader(registry or Registry())
    environ = os.environ if environ is None else environ
    names = find_files(files, directories, environ)
    documents = []
    for name in names:
        document, problems = read(name, environ, env_mode, old_env, loader.warnings)
        loader.problems += problems
        if document is not None:
            documents.append(document)
    # Stores first, wherever they stand: any option of any file may refer to them.
    stores = open_stores(documents, loader.registry, loader.problems)
    try:
        with using(stores):
            for document in documents:
                loader.take(document)
        return loader.finish(names)
    finally:
        for store in stores.values():
            store.close()


class _Loader:
    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.problems: list[ConfigProblem] = []
        self.warnings: list[str] = []
        self.agent = AgentTable(self.problems, self.warnings)
        self.global_tags: dict[str, str] = {}
        self.taken: dict[str, int] = dict.fromkeys(_PLUGIN_SECTIONS.values(), 0)  # of tables, from earlier files
        self.tables: dict[str, list[PluginTable]] = {kind: [] for kind in _PLUGIN_SECTIONS.values()}

    def take(self, document: Document) -> None:
        """Add one file."""
        for section, content in document.content.items():
            if not isinstance(content, dict):
                self._problem(document, section, f'"{section}" stands outside of any table')
            elif section == "agent":
                self.agent.take(document, content)
            elif section in ("global_tags", "tags"):
                self._tags(document, section, content)
            elif section in _PLUGIN_SECTIONS:
                self._plugins(document, section, content)
            elif section == "secretstores":
                continue  # opened before
            else:
                self._unknown(document, section)
        for kind, tables in self.tables.items():
            # tomli groups by name, but processors run as they stand in the file. The sort is stable.
            tables[self.taken[kind] :] = sorted(tables[self.taken[kind] :], key=lambda table: table.line)
            self.taken[kind] = len(tables)

    def finish(self, files: Sequence[str]) -> Config:
        """Everything together."""
        agent = self.agent.finish()
        if self.problems or agent is None:
            # Plugins whose tables are fine have their say as well, so that nobody corrects a file twice.
            found = _self_checks(table for tables in self.tables.values() for table in tables)
            raise ConfigError(_in_order([*self.problems, *found], files))
        return Config(
            agent=agent,
            global_tags=self.global_tags,
            inputs=self.tables["inputs"],
            processors=sorted(self.tables["processors"], key=lambda table: table.common.order),  # type: ignore[union-attr]
            aggregators=self.tables["aggregators"],
            outputs=self.tables["outputs"],
            files=list(files),
            warnings=self.warnings,
        )

    def _problem(self, document: Document, section: str, message: str) -> None:
        # A section may have no header of its own: [[secretstores.os]].
        path = next((path for path in document.places.by_path if path[0] == section), (section,))
        self.problems.append(document.problem(message, path, section))

    def _tags(self, document: Document, section: str, content: Mapping[str, Any]) -> None:
        for key, value in content.items():
            if isinstance(value, str):
                self.global_tags[key] = str(value)
            else:
                hint = f'; write "{value}"' if isinstance(value, (int, float)) and not isinstance(value, bool) else ""
                self.problems.append(document.problem(f"{key}: a tag's value is text{hint}", (section, key), key))

    def _plugins(self, document: Document, section: str, content: Mapping[str, Any]) -> None:
        kind = _PLUGIN_SECTIONS[section]
        for name, tables in content.items():
            path = (section, name)
            if isinstance(tables, dict):
                if kind not in ("inputs", "outputs"):
                    message = f"write the header in double brackets: [[{kind}.{name}]]"
                    self.problems.append(document.problem(message, path))
                    continue
                pairs = [(path, tables)]
            elif isinstance(tables, list) and all(isinstance(table, dict) for table in tables):
                pairs = [((*path, index), table) for index, table in enumerate(tables)]  # type: ignore[misc]
            else:
                message = f'"{name}" is no plugin table; write [[{kind}.{name}]]'
                self.problems.append(document.problem(message, path, name))
                continue
            for table_path, table in pairs:
                made = check_table(document, kind, table_path, table, self.registry, self.problems, self.warnings)
                if made is not None:
                    self.tables[kind].append(made)

    def _unknown(self, document: Document, section: str) -> None:
        kinds = [kind for kind in self.tables if section in self.registry.names(kind)]
        hint = f"; write [[{kinds[0]}.{section}]]" if kinds else nearest(section, _SECTIONS)
        message = f'unknown table "{section}"{hint or "; tables are " + ", ".join(_SECTIONS[:-1])}'
        self._problem(document, section, message)


def _in_order(problems: Sequence[ConfigProblem], files: Sequence[str]) -> list[ConfigProblem]:
    """As a reader meets them."""
    order = {file: index for index, file in enumerate(files)}
    return sorted(problems, key=lambda problem: (order.get(problem.file, -1), problem.line))


def require_plugins(config: Config, *, outputs: bool = True) -> None:
    """Refuse a configuration in which nothing could ever happen.

    Args:
        config: The configuration.
        outputs: Outputs are needed too (not so with ``--test``).

    Raises:
        ConfigError: It has no input or no output.
    """
    where = ", ".join(config.files)
    problems = []
    if not config.inputs:
        problems.append(ConfigProblem("there is no input: nothing to read ([[inputs.kafka_consumer]] …)", where))
    writing = [table for table in config.outputs if not getattr(table.common, "dead_letter", False)]
    if outputs and not writing:
        what = "no output but for dead letters" if config.outputs else "no output"
        problems.append(ConfigProblem(f"there is {what}: nowhere to write to ([[outputs.influxdb_v2]] …)", where))
    if problems:
        raise ConfigError(problems)


def check(config: Config) -> None:
    """Build every plugin and let it check itself (``init``); nothing is opened or started.

    Raises:
        ConfigError: With every problem that was found, placed in its file.
    """
    problems = _self_checks((*config.inputs, *config.processors, *config.aggregators, *config.outputs))
    if problems:
        raise ConfigError(_in_order(problems, config.files))


def _self_checks(tables: Iterable[PluginTable]) -> list[ConfigProblem]:
    """What plugins say of their own options."""
    problems: list[ConfigProblem] = []
    for table in tables:
        log = plugin_logger(table.identity, table.common.log_level)
        try:
            plugin = table.plugin(table.config, log, table.identity)
            for attribute in ("parser", "serializer"):
                part = getattr(table, attribute)
                if part is not None:
                    made = part.plugin(part.config, log, f"{table.identity} ({part.name})")
                    made.init()
                    setattr(plugin, attribute, made)
            plugin.init()
        except ConfigError as error:
            problems += placed(error, table)
        except Exception as error:
            message = f"{table.kind}.{table.name} ({table.distribution}) failed: {type(error).__name__}: {error}"
            problems.append(ConfigProblem(message, table.file, table.header, table.line))
    return problems


def placed(error: ConfigError, table: PluginTable) -> list[ConfigProblem]:
    """A plugin's own complaints with file, table and line."""
    problems = []
    for problem in error.problems:
        message = problem.message
        if problem.key and not message.startswith(problem.key):
            message = f"{problem.key}: {message}"
        line = table.key_lines.get(problem.key, table.line)
        problems.append(ConfigProblem(message, table.file, table.header, line, problem.key))
    return problems
