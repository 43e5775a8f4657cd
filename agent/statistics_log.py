"""``--statistics``: one line per plugin and interval, with rates, lag and buffer fill."""

from __future__ import annotations

import logging
import threading
import time

from agent.stats import Snapshot, Statistics

__all__ = ["StatisticsLog"]

log = logging.getLogger("agent.statistics")
#: Counters of which the rate says more than the sum.
_RATES = ("metrics_gathered", "metrics_written", "records_read", "bytes_read")


class StatisticsLog:
    """Logs the figures of all plugins once an interval (seconds)."""

    def __init__(self, statistics: Statistics, interval: float) -> None:
        self._statistics = statistics
        self._interval = interval
        self._stop = threading.Event()
        self._last: dict[tuple[str, ...], dict[str, float]] = {}
        self._at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="statistics", daemon=True)

    def start(self) -> None:
        """Begin to log."""
        self._thread.start()

    def stop(self) -> None:
        """Log once more, then end."""
        if self._thread.is_alive():
            self._stop.set()
            self._thread.join(1)
            self._log()

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            self._log()

    def _log(self) -> None:
        now = time.monotonic()
        seconds, self._at = max(now - self._at, 1e-9), now
        for figures in self._statistics.snapshot():
            log.info("%s", self._line(figures, seconds))

    def _line(self, figures: Snapshot, seconds: float) -> str:
        name = f"{figures.kind}.{figures.name}" + (f"::{figures.alias}" if figures.alias else "")
        key = (name, *(f"{k}={v}" for k, v in sorted(figures.tags.items())))
        last = self._last.get(key, {})
        self._last[key] = dict(figures.values)
        parts = []
        for counter, value in figures.values.items():
            shown = f"{value:.3f}" if isinstance(value, float) else str(value)
            parts.append(f"{counter}={shown}")
            if counter in _RATES:
                parts.append(f"{counter}_per_s={(value - last.get(counter, 0)) / seconds:.0f}")
        return " ".join([*key, *parts])
