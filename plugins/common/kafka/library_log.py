"""What a Kafka library logs, under the plugin's name and without its repetitions."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

__all__ = ["LibraryLog"]

_EVERY = 60.0
_NUMBERS = re.compile(r"\d+")


class LibraryLog(logging.Handler):
    """Passes the same message (numbers apart) on to ``log`` once a minute, as a warning.

    Both libraries say at each try of each connection that a broker is down.
    """

    def __init__(self, log: Any, name: str) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self.logger = logging.getLogger(name)
        """The library's own logger; what it gets ends here."""
        before = next((handler for handler in self.logger.handlers if isinstance(handler, LibraryLog)), None)
        #: When each message was passed on; a client that is opened anew does not begin anew.
        self._last: dict[str, float] = before._last if before is not None else {}
        self.logger.propagate = False
        self.logger.handlers = [self]

    def emit(self, record: logging.LogRecord) -> None:
        """Pass it on, or not."""
        message = record.getMessage()
        key, now = _NUMBERS.sub("#", message), time.monotonic()
        if now - self._last.get(key, -_EVERY) < _EVERY:
            return
        if len(self._last) > 200:
            self._last.clear()
        self._last[key] = now
        self._log.warning("%s", message)
