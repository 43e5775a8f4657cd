"""The options that say which configuration is meant; ``pyagent`` itself and ``pyagent config check`` take them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import attrs
import click

__all__ = ["ConfigChoice", "config_options"]


@attrs.frozen
class ConfigChoice:
    """Which configuration, and how its variables are read."""

    files: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    strict: bool = False
    non_strict: bool = False
    old_env: bool = False

    @property
    def env_mode(self) -> str:
        """``strict`` unless the other was asked for."""
        return "non-strict" if self.non_strict else "strict"

    def merged(self, outer: ConfigChoice) -> ConfigChoice:
        """These choices of a sub-command after those of the command before it."""
        return ConfigChoice(
            outer.files + self.files,
            outer.directories + self.directories,
            outer.strict or self.strict,
            outer.non_strict or self.non_strict,
            outer.old_env or self.old_env,
        ).checked()

    def checked(self) -> ConfigChoice:
        """Itself.

        Raises:
            click.UsageError: The choices exclude each other.
        """
        if self.strict and self.non_strict:
            raise click.UsageError("--strict-env-handling and --non-strict-env-handling exclude each other")
        return self


def config_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command: it is given ``choice``, a :class:`ConfigChoice`."""

    @click.option("--config", "files", multiple=True, metavar="FILE", help="A configuration; repeatable.")
    @click.option(
        "--config-directory",
        "directories",
        multiple=True,
        metavar="DIRECTORY",
        help="Load every *.conf below it, after the files; repeatable.",
    )
    @click.option("--strict-env-handling", "strict", is_flag=True, help="Variables in text values only (the default).")
    @click.option("--non-strict-env-handling", "non_strict", is_flag=True, help="Variables anywhere in the file.")
    @click.option("--old-env-behavior", "old_env", is_flag=True, help="$$ is no escape for $.")
    @functools.wraps(command)
    def wrapped(
        *args: Any,
        files: tuple[str, ...],
        directories: tuple[str, ...],
        strict: bool,
        non_strict: bool,
        old_env: bool,
        **options: Any,
    ) -> Any:
        choice = ConfigChoice(files, directories, strict, non_strict, old_env).checked()
        return command(*args, choice=choice, **options)

    return wrapped
