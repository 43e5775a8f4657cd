"""Logging: one line each, text for people or JSON for machines, with the identity of the plugin that speaks.

Loggers of plugins are called ``agent.plugin.<identity>``; everything else of the agent logs to ``agent``.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone, tzinfo
from logging.handlers import BaseRotatingHandler
from pathlib import Path
from typing import Any, Optional
from zoneinfo import ZoneInfo

from agent.config.settings import AgentConfig
from agent.errors import ConfigError

__all__ = ["TRACE", "JsonFormatter", "TextFormatter", "plugin_logger", "setup"]

TRACE = 5
_PLUGIN = "agent.plugin."
_LEVELS = {
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": TRACE,
}
_handler: Optional[logging.Handler] = None  # the one that setup() has put on the root logger


def plugin_logger(identity: str, level: str = "") -> logging.Logger:
    """The logger of a plugin.

    Args:
        identity: ``kind.name::alias``.
        level: ``error``, ``warn``, ``info``, ``debug`` or ``trace``; empty: the agent's own.
    """
    logger = logging.getLogger(_PLUGIN + identity)
    logger.setLevel(_LEVELS.get(level.lower(), logging.NOTSET))
    return logger


def setup(agent: AgentConfig, debug: bool = False, quiet: bool = False) -> None:
    """Send the log where ``[agent]`` says, instead of where an earlier call said.

    Args:
        agent: Format, file, rotation, time zone.
        debug: As the option of that name; either suffices.
        quiet: As the option of that name; it wins over debug.

    Raises:
        ConfigError: The log file cannot be opened.
    """
    global _handler
    logging.addLevelName(TRACE, "TRACE")
    # A process without a log must not die of it: with a full disk, lines are lost, data is not.
    logging.raiseExceptions = False
    handler = _open(agent)
    zone = _zone(agent.log_with_timezone)
    if agent.logformat == "structured":
        handler.setFormatter(JsonFormatter(zone, agent.structured_log_message_key or "msg"))
    else:
        handler.setFormatter(TextFormatter(zone))
    root = logging.getLogger()
    if _handler is not None:
        root.removeHandler(_handler)
        _handler.close()
    root.addHandler(handler)
    _handler = handler
    debug, quiet = debug or agent.debug, quiet or agent.quiet
    own = logging.ERROR if quiet else logging.DEBUG if debug else logging.INFO
    logging.getLogger("agent").setLevel(own)
    # Client libraries talk too much: their warnings matter, and with --debug what they tell of connections.
    root.setLevel(logging.ERROR if quiet else logging.INFO if debug else logging.WARNING)


def _open(agent: AgentConfig) -> logging.Handler:
    if not agent.logfile or agent.logtarget == "stderr":
        return logging.StreamHandler(sys.stderr)
    path = Path(agent.logfile)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _RotatingFile(
            path,
            max_size=agent.logfile_rotation_max_size,
            max_age=agent.logfile_rotation_interval.seconds,
            archives=agent.logfile_rotation_max_archives,
        )
    except OSError as error:
        raise ConfigError(f"logfile: cannot write to {path}: {error.strerror}", key="logfile") from None


def _zone(name: str) -> Optional[tzinfo]:
    if not name or name.lower() == "utc":
        return timezone.utc
    return None if name.lower() == "local" else ZoneInfo(name)


class _Formatter(logging.Formatter):
    def __init__(self, zone: Optional[tzinfo]) -> None:
        super().__init__()
        self._zone = zone

    def time(self, record: logging.LogRecord, timespec: str) -> str:
        text = datetime.fromtimestamp(record.created, timezone.utc).astimezone(self._zone).isoformat(timespec=timespec)
        return text.replace("+00:00", "Z")

    @staticmethod
    def message(record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        return text

    @staticmethod
    def identity(record: logging.LogRecord) -> str:
        if record.name.startswith(_PLUGIN):
            return record.name[len(_PLUGIN) :]
        # A client library's line says whose it is.
        return "" if record.name.split(".")[0] in ("agent", "root") else record.name


class TextFormatter(_Formatter):
    """``2024-01-02T15:04:05Z I! [inputs.kafka_consumer::alias] message``."""

    def format(self, record: logging.LogRecord) -> str:
        r"""The line; line ends inside the message are shown as ``\\n``."""
        identity = self.identity(record)
        letter = "E" if record.levelno >= logging.ERROR else record.levelname[0]
        message = self.message(record).rstrip().replace("\r", "\\r").replace("\n", "\\n")
        return f"{self.time(record, 'seconds')} {letter}! {f'[{identity}] ' if identity else ''}{message}"


class JsonFormatter(_Formatter):
    """One JSON object: time, level, message, and of a plugin its category, name and alias.

    Args:
        zone: Time zone; None: the machine's.
        message_key: The key of the message.
    """

    def __init__(self, zone: Optional[tzinfo], message_key: str = "msg") -> None:
        super().__init__(zone)
        self._message_key = message_key

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        level = {"WARNING": "WARN", "CRITICAL": "ERROR"}.get(record.levelname, record.levelname)
        line: dict[str, Any] = {
            "time": self.time(record, "microseconds"),
            "level": level,
            self._message_key: self.message(record),
        }
        identity, _, alias = self.identity(record).partition("::")
        category, _, plugin = identity.partition(".")
        if record.name.startswith(_PLUGIN):
            line.update(category=category, plugin=plugin)
        elif identity:
            line["logger"] = identity
        if alias:
            line["alias"] = alias
        return json.dumps(line, ensure_ascii=False)


class _RotatingFile(BaseRotatingHandler):
    """Begins a new file by size, by age or by both; the standard library's handlers do one of them.

    Old files are called as Telegraf's: ``name.2024-01-02-1704207845.log``.
    """

    def __init__(
        self, path: Path, max_size: int, max_age: float, archives: int, now: Callable[[], float] = time.time
    ) -> None:
        super().__init__(str(path), "a", encoding="utf-8")
        self._path, self._max_size, self._max_age, self._archives, self._now = path, max_size, max_age, archives, now
        self._opened = now()

    def shouldRollover(self, record: logging.LogRecord) -> bool:
        """True if this record goes into a new file."""
        if self._max_age and self._now() - self._opened >= self._max_age:
            return True
        if not self._max_size or self.stream is None:
            return False
        size = os.fstat(self.stream.fileno()).st_size
        return size > 0 and size + len(self.format(record).encode("utf-8", "replace")) + 1 > self._max_size

    def doRollover(self) -> None:
        """Put the file aside and begin a new one."""
        if self.stream is not None:
            self.stream.close()
        day = datetime.fromtimestamp(self._now(), timezone.utc)
        archive = self._path.with_name(f"{self._path.stem}.{day:%Y-%m-%d}-{int(self._now())}{self._path.suffix}")
        count = 0
        while archive.exists():
            count += 1
            archive = archive.with_name(f"{self._path.stem}.{day:%Y-%m-%d}-{int(self._now())}-{count}{archive.suffix}")
        if self._path.exists():
            self._path.rename(archive)
        self.stream = self._open()
        self._opened = self._now()
        if self._archives >= 0:
            old = sorted(
                self._path.parent.glob(f"{self._path.stem}.[0-9]*-*{self._path.suffix}"),
                key=lambda file: (file.stat().st_mtime_ns, file.name),
            )
            for file in old[: len(old) - self._archives]:
                file.unlink()
