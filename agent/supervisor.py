"""Runs pipelines one after the other: a reload swaps the new one in when it is known to work."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Optional

from agent.errors import PyAgentError
from agent.pipeline import Pipeline

__all__ = ["Supervisor"]

log = logging.getLogger("agent")


class Supervisor:
    """Keeps one pipeline running.

    On a reload the new configuration is loaded, checked and connected first. Only then the old pipeline is
    stopped, cleanly: it writes, commits and leaves; then the new one starts where it left off. A configuration
    that does not load or connect leaves the old pipeline running.

    Args:
        build: Loads the configuration and builds its pipeline; raises ``ConfigError``.
    """

    def __init__(self, build: Callable[[], Pipeline]) -> None:
        self._build = build
        self._events: SimpleQueue[str] = SimpleQueue()
        self._code = 0

    def stop(self) -> None:
        """Ask for a clean stop; returns at once."""
        self._events.put("stop")

    def reload(self, why: str) -> None:
        """Ask for a reload; returns at once."""
        self._events.put(f"reload {why}")

    def run(self) -> int:
        """Run until stopped, or until a pipeline ends by itself; the exit code."""
        pipeline = self._build()
        thread = self._start(pipeline)
        while True:
            event = self._events.get()
            if event == "ended":
                break
            if event == "stop":
                pipeline.stop()
                break
            new = self._prepare(event.partition(" ")[2])
            if new is None:
                continue
            pipeline.replaced()
            thread.join()
            if self._code:  # it ended by a fault of its own meanwhile
                new.discard()
                return self._code
            new.take_over(pipeline)
            # The old one's end is in the queue, before whatever came after it.
            self._drop_ended()
            pipeline, thread = new, self._start(new)
            log.info("reloaded: the new configuration runs")
        thread.join()
        return self._code

    def _drop_ended(self) -> None:
        kept = []
        while not self._events.empty():
            event = self._events.get()
            if event != "ended":
                kept.append(event)
        for event in kept:
            self._events.put(event)

    def _start(self, pipeline: Pipeline) -> threading.Thread:
        def run() -> None:
            self._code = pipeline.run()
            self._events.put("ended")

        thread = threading.Thread(target=run, name="pipeline")
        thread.start()
        return thread

    def _prepare(self, why: str) -> Optional[Pipeline]:
        log.info("reloading: %s", why)
        try:
            pipeline = self._build()
        except PyAgentError as error:
            for line in str(error).splitlines():
                log.error("%s", line)
            log.error("not reloaded: the configuration has errors; the old one goes on")
            return None
        try:
            pipeline.connect()
        except Exception as error:
            log.error("not reloaded: %s; the old configuration goes on", error)
            return None
        return pipeline
