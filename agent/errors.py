"""Every exception of the project.

Each one answers: what should the runtime do?

::

    PyAgentError
    ├── ConfigError            refuse the configuration (exit code 2); carries every problem found
    ├── PluginError            a plugin cannot be loaded or broke its contract; names its distribution
    ├── ParseError             a record does not parse: dead letter; its good metrics go on
    ├── ProcessorError         some metrics cannot be processed: dead letter for those alone
    ├── StartupError           a plugin's service is not there yet: see ``startup_error_behavior``
    ├── Retry                  nothing of the batch was taken for good: keep it, try again
    ├── PartialWrite           some of the batch is guilty, some must be tried again, the rest is written
    └── Fatal                  this plugin can never work: stop the agent with the reason
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from agent.metric import Metric

__all__ = [
    "BadLine",
    "ConfigError",
    "ConfigProblem",
    "Fatal",
    "ParseError",
    "PartialWrite",
    "PluginError",
    "ProcessorError",
    "PyAgentError",
    "Retry",
    "StartupError",
]


class PyAgentError(Exception):
    """The root of the project's exceptions."""


class ConfigProblem(NamedTuple):
    """One thing wrong with a configuration."""

    message: str
    """What is wrong, and where the cure is not obvious, what to do."""
    file: str = ""
    """The file that it stands in; empty if it is none's."""
    table: str = ""
    """The table as written, ``[[inputs.kafka_consumer]]``; empty if it is none's."""
    line: int = 0
    """1-based line of the key or of the table's header; 0 if unknown."""
    key: str = ""
    """The offending key; empty if it is about the whole table."""

    def __str__(self) -> str:
        place = self.file
        if self.line:
            place += f":{self.line}"
        where = " ".join(part for part in (f"{place}:" if place else "", self.table) if part)
        return f"{where}{': ' if self.table else ' ' if where else ''}{self.message}"


class ConfigError(PyAgentError):
    """The configuration is refused.

    Args:
        problems: A message, or every :class:`ConfigProblem` found.
        key: With a message: the option that it is about. A plugin that raises it from ``init`` gives just
            these two; the runtime adds file, table and line.
    """

    def __init__(self, problems: str | Iterable[ConfigProblem], key: str = "") -> None:
        if isinstance(problems, str):
            problems = [ConfigProblem(problems, key=key)]
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class PluginError(PyAgentError):
    """A plugin cannot be found, imported or used."""


class BadLine(NamedTuple):
    """A line (or element) of a record that does not parse."""

    line: int
    """1-based line number inside the payload."""
    reason: str


class ParseError(PyAgentError):
    """A payload, or part of it, does not parse.

    Args:
        reason: Why, in one line.
        lines: The bad lines, where the format has lines. Empty: the payload as a whole.
        metrics: The metrics of the good lines: they are delivered all the same.
    """

    def __init__(self, reason: str, lines: Sequence[BadLine] = (), metrics: Sequence[Metric] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.lines = list(lines)
        self.metrics = list(metrics)


class ProcessorError(PyAgentError):
    """Some metrics cannot be processed; they become dead letters, the others go on.

    Args:
        rejected: Index in the list given to ``apply`` to the reason.
        metrics: What ``apply`` made of the others.
    """

    def __init__(self, rejected: Mapping[int, str], metrics: Sequence[Metric]) -> None:
        super().__init__(f"{len(rejected)} metrics cannot be processed: {next(iter(rejected.values()), '')}")
        self.rejected = dict(rejected)
        self.metrics = list(metrics)


class StartupError(PyAgentError):
    """``open`` failed since a service is out of reach or refuses; trying later can help."""


class Retry(PyAgentError):
    """Keep the batch and try again.

    Args:
        reason: Why, in one line; it is logged and shown in the statistics.
        after: Seconds to wait at least (a server's Retry-After), or None for the runtime's own back-off.
    """

    def __init__(self, reason: str, after: Optional[float] = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


class PartialWrite(PyAgentError):
    """Part of the batch is not written. What is named in neither argument is written for good.

    Args:
        rejected: Index in the batch to the reason why the destination will never take that metric.
        retry: Indices to keep and to try again.
        reason: Why those in ``retry`` were not taken, in one line.
        after: Seconds to wait before those are tried again, or None for the runtime's own back-off.
    """

    def __init__(
        self,
        rejected: Optional[Mapping[int, str]] = None,
        retry: Iterable[int] = (),
        reason: str = "",
        after: Optional[float] = None,
    ) -> None:
        self.rejected = dict(rejected or {})
        self.retry = sorted(set(retry))
        self.reason = reason or next(iter(self.rejected.values()), "")
        self.after = after
        super().__init__(f"{len(self.rejected)} metrics rejected, {len(self.retry)} to retry: {self.reason}")


class Fatal(PyAgentError):
    """This plugin can never work as configured; the agent stops, cleanly, with this reason."""
