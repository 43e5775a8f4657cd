"""``--watch-config``: notices that configuration files have changed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Optional

__all__ = ["ConfigWatch"]

#: Editors replace a file by removing it first: so long a missing file is no change.
_GRACE = 1.0

Signature = dict[str, Optional[tuple[int, int, int]]]


class ConfigWatch:
    """Looks at files and directories every ``interval`` seconds and calls back when they have changed.

    Looking, not the kernel's notifications: those miss mounted and linked files, as Kubernetes' are.

    Args:
        files, directories: What to look at; of directories, every ``*.conf`` below.
        interval: Seconds between looks.
        debounce: Seconds for which nothing must have changed before the call.
        changed: Called with what changed.
    """

    def __init__(
        self,
        files: Sequence[str],
        directories: Sequence[str],
        interval: float,
        debounce: float,
        changed: Callable[[str], None],
    ) -> None:
        self._files, self._directories = list(files), list(directories)
        self._interval, self._debounce = max(interval, 0.01), debounce
        self._changed = changed
        self._known = self._look()
        self._thread = threading.Thread(target=self._run, name="watch-config", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def _look(self) -> Signature:
        names = list(self._files)
        for directory in self._directories:
            for folder, _, found in os.walk(directory, followlinks=True):
                names += [os.path.join(folder, name) for name in found if name.endswith(".conf")]
        signature: Signature = {}
        for name in sorted(names):
            try:
                status = os.stat(name)
                signature[name] = (status.st_mtime_ns, status.st_size, status.st_ino)
            except OSError:
                signature[name] = None
        return signature

    def _run(self) -> None:
        pending: Optional[Signature] = None
        since = 0.0
        while True:
            time.sleep(self._interval)
            now = self._look()
            if now == self._known:
                pending = None
                continue
            if now != pending:
                pending, since = now, time.monotonic()
            missing = any(status is None and self._known.get(name) is not None for name, status in now.items())
            if time.monotonic() - since < max(self._debounce, _GRACE if missing else 0.0):
                continue
            changed = [name for name in {**self._known, **now} if self._known.get(name) != now.get(name)]
            self._known, pending = now, None
            self._changed(f"{', '.join(sorted(changed))} changed")
