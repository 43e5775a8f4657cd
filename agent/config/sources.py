"""Which files make up a configuration, and their contents as TOML documents with places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, Union

import attrs
import tomli

from agent.config.env import MissingVariable, expand, expand_values
from agent.config.scan import Place, Places, scan, strip_comments
from agent.errors import ConfigError, ConfigProblem

__all__ = ["Document", "find_files", "read"]

_URL = re.compile(r"^\w+://")
_UPPER = re.compile(r"[A-Z_][A-Z0-9_]*")
_AT_LINE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


@attrs.frozen
class Document:
    """One file, parsed."""

    file: str
    content: dict[str, Any]
    places: Places

    def problem(self, message: str, path: Sequence[Union[str, int]], key: str = "") -> ConfigProblem:
        """A problem with what stands at a path."""
        place = self.places.locate(path)
        return ConfigProblem(message, self.file, place.header, place.line, key)


def find_files(files: Sequence[str], directories: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """The files to load, in order: those named, those in directories; if none is named, the default places.

    Raises:
        ConfigError: A file is a URL, a directory cannot be read, or there is no file at all.
    """
    if files or directories:
        found = [_local(name) for name in files]
        for directory in directories:
            found += _walk(directory)
        if not found:
            raise ConfigError(f"no file ends in .conf below {', '.join(directories)}")
        return found
    return _defaults(environ)


def _defaults(environ: Mapping[str, str]) -> list[str]:
    for name in ("PYAGENT_CONFIG_PATH", "TELEGRAF_CONFIG_PATH"):
        if environ.get(name):
            return [_local(environ[name])]
    home = environ.get("HOME") or environ.get("USERPROFILE")
    own = Path(home, ".telegraf", "telegraf.conf") if home else None
    if own is not None and own.is_file():
        return [str(own)]
    system = Path("/etc/telegraf/telegraf.conf")
    extra = Path("/etc/telegraf/telegraf.d")
    found = [str(system)] if system.is_file() else []
    if extra.is_dir():
        found += _walk(str(extra))
    if not found:
        raise ConfigError(
            "no configuration: name one with --config FILE, or put one at $PYAGENT_CONFIG_PATH, "
            "$TELEGRAF_CONFIG_PATH, ~/.telegraf/telegraf.conf or /etc/telegraf/telegraf.conf "
            "(`pyagent config create` prints a sample)"
        )
    return found


def _local(name: str) -> str:
    if _URL.match(name):
        raise ConfigError(f"{name}: configurations from a URL are not supported yet; save it to a file")
    return name


def _walk(directory: str) -> list[str]:
    """Every ``*.conf`` below a directory, in lexical order, without Kubernetes' ``..data`` directories."""

    def inside(folder: Path) -> Iterable[str]:
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            if folder == Path(directory):
                raise ConfigError(f"{directory}: cannot read this directory: {error.strerror}") from None
            return  # as Telegraf: what cannot be read below is passed over
        for entry in entries:
            if entry.is_dir() and not entry.is_symlink():
                if not entry.name.startswith(".."):
                    yield from inside(entry)
            elif entry.name.endswith(".conf") and entry.name != ".conf" and entry.is_file():
                yield str(entry)

    return list(inside(Path(directory)))


def read(
    file: str, environ: Mapping[str, str], env_mode: str, old_env: bool, warnings: list[str]
) -> tuple[Optional[Document], list[ConfigProblem]]:
    """Read and parse one file.

    Args:
        file: Its name.
        environ: The environment's variables.
        env_mode: ``strict``: variables stand in string values; ``non-strict``: anywhere.
        old_env: ``$$`` is no escape.
        warnings: Gets a line for each variable that looks meant but is not set.

    Returns:
        The document, None if it cannot be read, and the problems.
    """
    try:
        text = Path(file).read_bytes().decode("utf-8-sig")
    except OSError as error:
        return None, [ConfigProblem(f"cannot read this file: {error.strerror}", file)]
    except UnicodeDecodeError as error:
        return None, [ConfigProblem(f"this file is no UTF-8 text ({error.reason} at byte {error.start})", file)]
    text = text.replace("\r\n", "\n")
    problems: list[ConfigProblem] = []

    def unset(name: str, place: Place) -> None:
        if _UPPER.fullmatch(name):  # lower-case ones are mostly groups of regular expressions
            where = f"{file}:{place.line}: {place.header}" if place.line else file
            warnings.append(f"{where}: environment variable {name} is not set; its text is left as it is")

    if env_mode == "non-strict":
        try:
            text = expand(strip_comments(text), environ, old=old_env, unset=lambda name: unset(name, Place(0, "")))
        except MissingVariable as error:
            return None, [ConfigProblem(str(error), file)]
    try:
        content = tomli.loads(text)
    except (tomli.TOMLDecodeError, RecursionError) as error:
        return None, [_syntax(error, file, text, env_mode)]
    places = scan(text)
    if env_mode != "non-strict":
        document = Document(file, content, places)
        content = expand_values(
            content,
            environ,
            old=old_env,
            unset=lambda path, name: unset(name, places.locate(path)),
            missing=lambda path, message: problems.append(document.problem(message, path)),
        )
    return Document(file, content, places), problems


def _syntax(error: Exception, file: str, text: str, env_mode: str) -> ConfigProblem:
    if isinstance(error, RecursionError):
        return ConfigProblem("this file is nested too deeply", file)
    message = str(error)
    at = _AT_LINE.search(message)
    lines = text.split("\n")
    line = int(at[1]) if at and at[1] else len(lines)
    message = _AT_LINE.sub("", message)
    # tomli notices some mistakes only at the start of the next line.
    shown = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    hint = ""
    if env_mode != "non-strict" and re.search(r"=\s*\$", strip_comments(shown)):
        hint = '; a variable must stand in quotes: "${NAME}" (also where a number is meant)'
    return ConfigProblem(f"invalid TOML: {message}{hint}" + (f": {shown}" if shown else ""), file, "", line)
