"""The contracts between the runtime and plugins. A plugin speaks its protocol; the runtime does the rest.

Rules for all kinds:

- ``__init__`` belongs to the runtime. It is given the checked options, ``self.config``; set up your own state in
  ``init`` (no I/O; raise ``ConfigError("why", key="option")``) and ``open`` (I/O; raise ``StartupError``).
- Import your client library in ``open``, or in a module that only ``open`` imports, so that listing and
  checking configurations works without it.
- ``close`` is called once after ``open`` was tried, also when that failed; it must not raise or block for long.
- Log through ``self.log``: it carries the plugin's identity, ``inputs.kafka_consumer::alias``.
- Do not retry, buffer, filter, rename or time anything: the runtime does, the same way for everybody.
"""

from __future__ import annotations

import logging
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Optional, Protocol, TypeVar, Union

from agent.batch import MetricBatch
from agent.errors import BadLine, ParseError
from agent.metric import Metric
from agent.options import NoConfig
from agent.record import Origin, Record, RecordChunk
from agent.stats import Snapshot

if TYPE_CHECKING:
    from agent.dead_letters.letter import DeadLetter

__all__ = [
    "Aggregator",
    "Input",
    "Output",
    "ParseFailure",
    "Parsed",
    "Parser",
    "Plugin",
    "Processor",
    "SecretStore",
    "Serializer",
    "StreamInput",
    "StreamRuntime",
]

C = TypeVar("C")


class Plugin(Generic[C]):
    """What all kinds share. Not a kind of its own."""

    #: The class of the options, taken from ``Kind[Config]`` in the plugin's own class statement.
    Config: ClassVar[type] = NoConfig
    #: What ``startup_error_behavior`` means when it is unset: error, or retry for what only waits for a service.
    startup_error_default: ClassVar[str] = "error"
    #: The kind as it stands in TOML, ``inputs`` …; set by the contract classes below.
    kind: ClassVar[str] = ""

    config: C
    log: Union[logging.Logger, logging.LoggerAdapter[Any]]
    #: ``kind.name::alias``; for messages.
    identity: str

    def __init__(self, config: C, log: Any = None, identity: str = "") -> None:
        self.config = config
        self.identity = identity or f"{self.kind}.{type(self).__name__}"
        self.log = log or logging.getLogger(self.identity)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in getattr(cls, "__orig_bases__", ()):
            args = typing.get_args(base)
            if args and isinstance(args[0], type):
                cls.Config = args[0]

    def init(self) -> None:
        """Check what types cannot and prepare; no I/O. Called once, before anything starts."""

    def open(self) -> None:
        """Connect. Raise ``StartupError`` where a later try can help; called again then."""

    def close(self) -> None:
        """Release everything."""


class ParseFailure(NamedTuple):
    """A record that did not parse, or of which some lines did not."""

    index: int  # type: ignore[assignment]  # a tuple has a method of that name
    """Index of the record in its chunk."""
    reason: str
    lines: Sequence[BadLine] = ()


class Parsed(NamedTuple):
    """What a parser made of a chunk."""

    batch: MetricBatch
    failures: Sequence[ParseFailure] = ()


class Parser(Plugin[C]):
    """Bytes in, metrics out. Pure: no state that one payload leaves for the next.

    Used by several threads at once only if several inputs share it, which the runtime never makes them do.
    """

    kind = "parsers"
    #: The name for metrics whose payload gives none; the runtime sets it to the input's own name.
    default_name: str = "metric"

    @classmethod
    def times_from_data(cls, config: Any) -> bool:
        """Whether, with these options, the metrics' times come out of the payload, so that a replay repeats them."""
        return True

    def parse(self, data: bytes) -> list[Metric]:
        """The metrics of one payload.

        Raises:
            ParseError: All or part of it is malformed; it carries the good lines' metrics.
        """
        raise NotImplementedError

    def parse_many(self, chunk: RecordChunk) -> Parsed:
        """The metrics of many payloads at once; override it where that is faster.

        Payloads that are None, and the indices in ``chunk.skipped`` and ``chunk.rejected``, are not parsed.
        """
        metrics: list[Metric] = []
        failures: list[ParseFailure] = []
        passed = chunk.skipped or chunk.rejected
        for index, payload in enumerate(chunk.payloads):
            if payload is None or (passed and (index in chunk.skipped or index in chunk.rejected)):
                continue
            try:
                made = self.parse(payload)
            except ParseError as error:
                made = error.metrics
                failures.append(ParseFailure(index, error.reason, error.lines))
            except Exception as error:  # a parser's bug concerns that record alone
                made = []
                failures.append(ParseFailure(index, f"{type(error).__name__}: {error}"))
            origin = Origin(chunk, index)
            for metric in made:
                metric.origin = origin
            metrics += made
        return Parsed(MetricBatch(metrics), failures)


class _Parses(Plugin[C]):
    """A plugin that may read through a parser (``data_format``)."""

    #: True: the table takes ``data_format`` and the parser's options, and ``self.parser`` is set.
    uses_parser: ClassVar[bool] = False
    #: The ``data_format`` when the table names none.
    default_data_format: ClassVar[str] = "influx"


class Input(_Parses[C]):
    """Polled: asked for metrics every ``interval``."""

    kind = "inputs"
    #: The figures of all plugins now; set by the runtime before ``open``.
    statistics: Callable[[], Sequence[Snapshot]]

    def gather(self) -> Iterable[Union[Metric, Record]]:
        """The metrics of this moment. A :class:`Record` among them goes through the table's parser.

        An exception is logged and counted; what was yielded before it is kept.
        """
        raise NotImplementedError


class StreamRuntime(Protocol):
    """What the runtime offers to a stream input."""

    #: False: a trial run (``--test``) that must leave no trace. A plugin then makes no position durable itself.
    commits: bool
    #: Bytes that the plugin's client may hold in queues of its own, out of ``[agent] memory_limit``.
    queue_bytes: int

    def on_assigned(self, partitions: Sequence[Any]) -> Mapping[Any, Optional[int]]:
        """The partitions that are now ours. Returns where to read each: a position, or None for "the committed one"."""

    def on_revoked(self, partitions: Sequence[Any], timeout: float) -> None:
        """These are about to be taken away: flushes for at most ``timeout`` seconds and commits what is settled."""

    def on_lost(self, partitions: Sequence[Any]) -> None:
        """These are somebody else's already: forgets what they had under way."""

    def on_position(self, partition: Any, position: int) -> None:
        """Everything before ``position`` was read; what has no record there (transaction markers) is passed over."""

    def emit(self, chunk: RecordChunk, timeout: Optional[float] = None) -> bool:
        """For listeners: hand over records from a thread of the plugin's own. False: no room within ``timeout``."""


class StreamInput(_Parses[C]):
    """A source that delivers by itself: a subscription or a listener (Telegraf: service input).

    The runtime owns the thread: it calls ``poll`` in a loop and, from the same thread, ``pause``, ``resume``,
    ``commit`` and the rest. A position is committed when every record before it was written or dead-lettered.
    """

    kind = "inputs"
    #: Set by the runtime before ``open``.
    runtime: StreamRuntime
    #: True: two of it cannot be open at once (a listener on one port): a reload opens the new one when the old one is closed.
    exclusive: ClassVar[bool] = False
    #: Options of that name in ``config`` govern intake where the plugin has them.
    max_undelivered: Optional[int] = None

    @classmethod
    def times_from_record(cls, config: Any) -> bool:
        """Whether, with these options, the metrics' times are the records' own, whatever the payload says."""
        return False

    def poll(self, timeout: float) -> Sequence[RecordChunk]:
        """Up to about ``timeout`` seconds' worth of waiting for records; an empty list if there are none.

        While paused it must still be called, and keeps the membership of a group alive.
        """
        raise NotImplementedError

    def decorate(self, batch: MetricBatch, chunk: RecordChunk) -> MetricBatch:
        """Add what the record itself knows (topic tag, headers, its time) to the metrics parsed from a chunk."""
        return batch

    def pause(self) -> None:
        """Stop fetching (all partitions, those assigned later too) until :meth:`resume`."""

    def resume(self) -> None:
        """Fetch again."""

    def commit(self, positions: Mapping[Any, int], *, wait: bool) -> None:
        """Make the positions durable: what is before them never comes again. ``wait``: return when they are.

        Raises:
            Retry: Not now; the runtime tries again.
        """

    def lag(self) -> Mapping[Any, tuple[int, Optional[float]]]:
        """Per partition: how many records, and how many seconds, the reading is behind. Must not block."""
        return {}

    def stop_intake(self) -> None:
        """No new records from here on; ``commit`` must still work. The next call may be ``close``."""


class Processor(Plugin[C]):
    """Metrics in, metrics out."""

    kind = "processors"

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        """The metrics to pass on, in order. They are yours: change them, drop them, add new ones.

        A metric that you make yourself inherits the batch's origin unless you ``copy`` another's. If you keep
        metrics for a later call, say so with :meth:`keeps`.

        Raises:
            ProcessorError: Some of them cannot be processed; it carries the rest.
        """
        raise NotImplementedError

    def keeps(self) -> bool:
        """Whether metrics of earlier calls are still inside; asked after each ``apply``.

        As long as it is true, the deliveries of what went in are held: their records are not committed, so that a
        crash or a stop repeats them. False: all that was kept came out with the last call, or was dropped.
        """
        return False


class Aggregator(Plugin[C]):
    """Metrics in; every ``period``, metrics out. Called under a lock: never from two threads at once."""

    kind = "aggregators"

    def add(self, metric: Metric) -> None:
        """Take one metric into the current window. Do not change or keep it."""
        raise NotImplementedError

    def push(self) -> Iterable[Metric]:
        """The window's results. ``time`` None: the time of the push."""
        raise NotImplementedError

    def reset(self) -> None:
        """Begin a new window."""
        raise NotImplementedError


class Output(Plugin[C]):
    """Writes batches. One thread calls it, one batch at a time, until each metric is settled."""

    kind = "outputs"
    #: True: the table takes ``data_format`` and the serializer's options, and ``self.serializer`` is set.
    uses_serializer: ClassVar[bool] = False
    default_data_format: ClassVar[str] = "influx"
    #: Set by the runtime before ``open`` if ``uses_serializer``.
    serializer: Serializer[Any]
    #: True: :meth:`write_dead_letters` works, so ``dead_letter = true`` is accepted in the table.
    takes_dead_letters: ClassVar[bool] = False

    def write(self, batch: MetricBatch) -> Optional[int]:
        """Write the batch; to return means that all of it is written for good.

        Returns:
            How many of its metrics had nothing that can be written (only NaN fields), if any.

        Raises:
            Retry: Nothing of it is.
            PartialWrite: Some of it is not.
            Fatal: It never will be, and no other batch either.

        Any other exception is retried three times, then the batch is halved until the guilty metric stands
        alone; that one becomes a dead letter. Do not change the batch: other outputs have it too.
        """
        raise NotImplementedError

    def write_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """Store the letters durably (fsync, acks=all) before returning.

        Raises:
            Retry: Not now; their sources wait.
        """
        raise NotImplementedError


class Serializer(Plugin[C]):
    """Metrics to bytes."""

    kind = "serializers"

    def serialize(self, metrics: Sequence[Metric]) -> bytes:
        """All metrics as one payload; what cannot be written at all is left out."""
        raise NotImplementedError

    def serialize_batch(self, batch: MetricBatch) -> bytes:
        """The same for a batch that may not be decoded yet; override it where lines can be passed on."""
        return self.serialize(batch.metrics)


class SecretStore(Plugin[C]):
    """Looks up ``@{id:key}``."""

    kind = "secretstores"

    def get(self, key: str) -> str:
        """The secret called ``key``.

        Raises:
            KeyError: There is none of that name.
        """
        raise NotImplementedError
