"""The running whole: what starts in which order, and what stops in which."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Optional, Union

from agent.contracts import Plugin
from agent.dead_letters.writer import DeadLetterWriter
from agent.errors import StartupError
from agent.flow import Flow
from agent.running.input import RunningInput
from agent.running.output import RunningOutput
from agent.running.stream import RunningStream
from agent.statistics_log import StatisticsLog
from agent.stats import Statistics

__all__ = ["Pipeline", "Startup"]

log = logging.getLogger("agent")

Running = Union[RunningInput, RunningStream, RunningOutput]


class Startup:
    """Opens plugins as ``startup_error_behavior`` says."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._threads: list[threading.Thread] = []
        self._open: set[int] = set()

    def connect(self, plugin: Plugin[Any]) -> None:
        """Open a plugin now; :meth:`open` then finds it open."""
        plugin.open()
        self._open.add(id(plugin))

    def open(self, plugin: Plugin[Any], behavior: str, opened: Callable[[], None], what: str) -> bool:
        """Open a plugin and call ``opened``, now or when it works.

        Returns:
            False if the plugin is to be left out (``ignore``).

        Raises:
            StartupError: It failed and the behaviour is ``error``.
        """
        if id(plugin) in self._open:
            opened()
            return True
        behavior = behavior or plugin.startup_error_default
        try:
            plugin.open()
        except Exception as error:
            retryable = isinstance(error, StartupError)
            if behavior == "retry" and retryable:
                plugin.log.warning("%s is not up yet, trying again: %s", what, error)
                thread = threading.Thread(target=self._retry, args=(plugin, opened), name=f"open {what}", daemon=True)
                thread.start()
                self._threads.append(thread)
                return True
            if behavior in ("ignore", "probe"):
                plugin.log.error("startup failed, going on without the plugin: %s", error)
                plugin.close()
                return False
            plugin.close()
            if retryable:
                raise
            raise StartupError(f"{what}: {type(error).__name__}: {error}") from error
        opened()
        return True

    def _retry(self, plugin: Plugin[Any], opened: Callable[[], None]) -> None:
        wait, last = 0.5, ""
        while not self._stopping.wait(wait):
            wait = min(wait * 1.7, 10.0)
            try:
                plugin.open()
            except Exception as error:
                if str(error) != last:
                    plugin.log.warning("still not up, trying again: %s", error)
                    last = str(error)
                continue
            plugin.log.info("is up now")
            opened()
            return


class Pipeline:
    """Inputs, flow and outputs of one configuration.

    ``run`` starts outputs first and inputs last, waits for ``stop``, then stops inputs first: drain, flush,
    settle, and only then commit and leave.
    """

    def __init__(
        self,
        *,
        inputs: Sequence[tuple[RunningInput, str]],
        streams: Sequence[tuple[RunningStream, str]],
        flow: Flow,
        dead_letters: DeadLetterWriter,
        statistics: Statistics,
        shutdown_timeout: float,
        mode: str = "run",
        test_wait: float = 0.0,
        statistics_log: Optional[StatisticsLog] = None,
        behaviors: Optional[dict[str, str]] = None,
    ) -> None:
        self._inputs = list(inputs)
        self._streams = list(streams)
        self._flow = flow
        self._dead_letters = dead_letters
        self.statistics = statistics
        self._shutdown_timeout = shutdown_timeout
        self._mode = mode
        self._test_wait = test_wait
        self._statistics_log = statistics_log
        self._behaviors = behaviors or {}
        self._stop = threading.Event()
        self._fatal = ""
        self._replaced = False
        self._startup = Startup(self._stop)
        self._pusher = threading.Thread(target=self._push_aggregates, name="aggregators", daemon=True)

    def outputs(self) -> Sequence[RunningOutput]:
        """The outputs, those for dead letters left out."""
        return self._flow.outputs

    def stop(self) -> None:
        """Ask for a clean stop; returns at once. Safe from a signal handler."""
        self._stop.set()

    def replaced(self) -> None:
        """Stop cleanly for another pipeline, which takes over."""
        self._replaced = True
        self._stop.set()

    def connect(self) -> None:
        """Open what can be opened while another pipeline runs, so that :meth:`run` begins connected.

        Raises:
            PyAgentError: Something does not open; everything is closed again.
        """
        plugins: list[Plugin[Any]] = [output.plugin for output in self._flow.outputs]
        plugins += [stream.plugin for stream, _ in self._streams if not stream.plugin.exclusive]
        for plugin in plugins:
            try:
                self._startup.connect(plugin)
            except Exception as error:
                self.discard()
                raise StartupError(f"{plugin.identity}: {error}") from error

    def discard(self) -> None:
        """Close a pipeline that never ran."""
        self._stop.set()
        for plugin in (*(o.plugin for o in self._flow.outputs), *(s.plugin for s, _ in self._streams)):
            _close(plugin)
        self._dead_letters.discard()

    def take_over(self, old: Pipeline) -> None:
        """Take what an old pipeline's inputs cannot read again and its outputs could not write."""
        outputs = {output.identity: output for output in self._flow.outputs}
        for output in old.outputs():
            left = output.leftovers()
            count = sum(map(len, left))
            new = outputs.get(output.identity)
            if new is not None:
                for batch in left:
                    new.add(batch, None)
            elif count:
                log.warning("%s is gone: %d metrics that it had not written are lost", output.identity, count)

    def fatal(self, reason: str) -> None:
        """A plugin can never work: stop cleanly, with exit code 1."""
        self._fatal = self._fatal or reason
        log.error("stopping: %s", reason)
        self._stop.set()

    def run(self) -> int:
        """Run until stopped (or, in the modes ``once`` and ``test``, until done); the process's exit code."""
        try:
            self._start(self._startup)
        except StartupError as error:
            log.error("start failed: %s", error)
            self._stop.set()
            self._shut_down()
            return 1
        if self._mode == "run":
            while not self._stop.wait(3600):
                pass
            log.info("stopping: writing what is under way")
        else:
            for running, _ in self._inputs:
                running.gather_once()
            if self._streams:
                self._stop.wait(self._test_wait)
        left = self._shut_down()
        if self._fatal:
            return 1
        if self._mode == "once" and left:
            log.error("outputs could not write %d metrics", left)
            return 1
        return 0

    def _start(self, startup: Startup) -> None:
        self._dead_letters.start()
        for output in list(self._flow.outputs):
            behavior = self._behaviors.get(output.identity, "")
            if self._mode == "test":
                output.opened()
            elif not startup.open(output.plugin, behavior, output.opened, output.identity):
                self._flow.outputs = [other for other in self._flow.outputs if other is not output]
                continue
            output.start()
        if self._flow.aggregators:
            self._pusher.start()
        for stream, behavior in list(self._streams):
            if not startup.open(stream.plugin, behavior, stream.start, stream.identity):
                self._streams.remove((stream, behavior))
        for running, behavior in list(self._inputs):
            opened = running.start if self._mode == "run" else _nothing
            if not startup.open(running.plugin, behavior, opened, running.identity):
                self._inputs.remove((running, behavior))
        if self._statistics_log is not None:
            self._statistics_log.start()

    def _push_aggregates(self) -> None:
        while not self._stop.is_set():
            due = min(aggregator.seconds_to_push() for aggregator in self._flow.aggregators)
            if self._stop.wait(max(due, 0.0)):
                return
            for aggregator in self._flow.aggregators:
                if aggregator.seconds_to_push() <= 0:
                    aggregator.push()

    def _shut_down(self) -> int:
        """Stop from the near end; returns how many metrics are left unwritten."""
        self._stop.set()
        started = time.monotonic()
        # Of the time given, the last part belongs to the commit: what is written but not committed comes again.
        deadline = started + self._shutdown_timeout * 0.8
        for running, _ in self._inputs:
            running.stop()
        for stream, _ in self._streams:
            stream.stop_intake()
        for running, _ in self._inputs:
            running.join(min(1.0, self._shutdown_timeout / 4))
        if self._flow.aggregators:
            if self._pusher.is_alive():
                self._pusher.join(1)
            for aggregator in self._flow.aggregators:
                aggregator.push()
        for output in self._flow.outputs:
            output.stop(deadline)
        for output in self._flow.outputs:
            if not output.join(deadline + 0.1):
                log.warning("%s: a write still hangs at the end of shutdown_timeout", output.identity)
        self._dead_letters.drain(max(0.1, deadline - time.monotonic()))
        for stream, _ in self._streams:
            stream.finish(started + self._shutdown_timeout)
        for stream, _ in self._streams:
            if not stream.join(max(0.5, started + self._shutdown_timeout - time.monotonic())):
                log.warning("%s: still closing at the end of shutdown_timeout", stream.identity)
        left = 0 if self._replaced else sum(output.pending() for output in self._flow.outputs)
        for output in self._flow.outputs:
            _close(output.plugin)
        for running, _ in self._inputs:
            _close(running.plugin)
        self._dead_letters.stop()
        if self._statistics_log is not None:
            self._statistics_log.stop()
        undelivered = sum(stream.undelivered() for stream, _ in self._streams)
        if undelivered:
            log.warning(
                "%d records are not written; they are not committed and come again at the next start", undelivered
            )
        return left


def _nothing() -> None:
    """Nothing."""


def _close(plugin: Plugin[Any]) -> None:
    try:
        plugin.close()
    except Exception as error:  # the others must still be closed
        plugin.log.error("while closing: %s: %s", type(error).__name__, error)
