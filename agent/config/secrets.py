"""Secrets: ``@{store:key}`` in any option that is one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from agent.config.sources import Document
from agent.contracts import SecretStore
from agent.errors import ConfigError, ConfigProblem, PluginError
from agent.log import plugin_logger
from agent.registry import Registry, nearest

__all__ = ["SecretError", "open_stores", "resolve", "using"]

_REFERENCE = re.compile(r"@\{(\w+):(\w+)\}")
_ID = re.compile(r"\w+")
_STORES: ContextVar[Mapping[str, SecretStore[Any]]] = ContextVar("secret stores", default={})  # noqa: B039 - never changed


class SecretError(ValueError):
    """A reference leads nowhere. The message names store and key, never a value."""


@contextmanager
def using(stores: Mapping[str, SecretStore[Any]]) -> Iterator[None]:
    """References are looked up in these stores meanwhile."""
    token = _STORES.set(stores)
    try:
        yield
    finally:
        _STORES.reset(token)


def resolve(text: str) -> str:
    """The text with its references replaced.

    Raises:
        SecretError: A store or a key is not there.
    """

    def look_up(match: re.Match[str]) -> str:
        stores = _STORES.get()
        store = stores.get(match[1])
        if store is None:
            known = nearest(match[1], stores) or "; add a [[secretstores.…]] table with that id"
            raise SecretError(f'"{match[0]}": there is no secret store with the id "{match[1]}"{known}')
        try:
            return store.get(match[2])
        except KeyError:
            raise SecretError(f'"{match[0]}": {store.identity} has no secret "{match[2]}"') from None
        except Exception as error:
            raise SecretError(f'"{match[0]}": {store.identity} failed: {type(error).__name__}: {error}') from None

    return _REFERENCE.sub(look_up, text)


def open_stores(
    documents: Sequence[Document], registry: Registry, problems: list[ConfigProblem]
) -> dict[str, SecretStore[Any]]:
    """The stores of ``[[secretstores.TYPE]]``, by id; what is wrong goes to ``problems``."""
    stores: dict[str, SecretStore[Any]] = {}
    for document in documents:
        section = document.content.get("secretstores", {})
        for name, tables in section.items() if isinstance(section, dict) else ():
            if not isinstance(tables, list):
                path = ("secretstores", name)
                problems.append(document.problem(f"write the header in double brackets: [[secretstores.{name}]]", path))
                continue
            for index, table in enumerate(tables):
                _open(document, name, ("secretstores", name, index), table, registry, stores, problems)
    return stores


def _open(
    document: Document,
    name: str,
    path: tuple[Any, ...],
    table: Mapping[str, Any],
    registry: Registry,
    stores: dict[str, SecretStore[Any]],
    problems: list[ConfigProblem],
) -> None:
    from agent.config.structure import structure  # which resolves secrets through this module

    def problem(message: str, key: str = "") -> None:
        problems.append(document.problem(message, (*path, key) if key else path, key))

    try:
        plugin = registry.load("secretstores", name)
    except PluginError as error:
        problem(str(error))
        return
    identity = table.get("id", "")
    if not isinstance(identity, str) or not _ID.fullmatch(identity):
        problem('needs an id of letters, digits and _, as in "@{id:key}"', "id")
        return
    if identity in stores:
        problem(f'the id "{identity}" is another secret store\'s', "id")
        return
    made = structure(plugin.Config, {key: value for key, value in table.items() if key not in ("id", "labels")})
    for finding in made.problems:
        problems.append(
            document.problem(finding.message, (*path, *finding.path), str(finding.path[0]) if finding.path else "")
        )
    if made.value is None:
        return
    full = f"secretstores.{name}::{identity}"
    store = plugin(made.value, plugin_logger(full, ""), full)
    try:
        store.init()
        store.open()
    except ConfigError as error:
        for found in error.problems:
            problem(f"{found.key}: {found.message}" if found.key else found.message, found.key)
        return
    except Exception as error:
        problem(f"cannot be opened: {type(error).__name__}: {error}")
        return
    stores[identity] = store
