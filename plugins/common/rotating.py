"""A file to append to that starts anew by age or size, as Telegraf's file output does."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import IO, Optional

__all__ = ["RotatingFile"]


class RotatingFile:
    """Appends to ``path``; renames it to ``stem.YYYY-MM-DD-<unix time><suffix>`` when it is due.

    Args:
        path: Its folder is made if missing.
        interval: Seconds after which a new file begins; 0: never.
        max_size: Bytes after which a new file begins; 0: never.
        max_archives: How many old files to keep; negative: all.
    """

    def __init__(self, path: str, interval: float = 0, max_size: int = 0, max_archives: int = -1) -> None:
        self.path = Path(path)
        self._interval, self._max_size, self._max_archives = interval, max_size, max_archives
        self._file: Optional[IO[bytes]] = None
        self._opened = 0.0
        self._whole_lines = False

    def open(self) -> None:
        """Open for appending; raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("ab", buffering=0)
        self._opened = time.time()

    def keep_all(self) -> None:
        """Delete no old file from here on."""
        self._max_archives = -1

    def whole_lines(self) -> None:
        """From here on, what is appended to a file with a torn last line (a crash) begins on a line of its own."""
        self._whole_lines = True

    def append(self, data: bytes, *, durable: bool = False) -> None:
        """Append all of ``data`` or nothing; raises OSError.

        Args:
            data: What to append.
            durable: Return only when it is on disk.
        """
        if self._file is not None and self._due():
            self._rotate()
        if self._file is None:
            self.open()
        file = self._file
        assert file is not None
        start = os.fstat(file.fileno()).st_size
        if self._whole_lines and self._torn(start):
            data = b"\n" + data
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) or 0 :]
            if durable:
                os.fsync(file.fileno())
        except OSError:
            if self.path.is_file():
                os.ftruncate(file.fileno(), start)  # no half line for the next one to join
            raise

    def _torn(self, size: int) -> bool:
        if not size or not self.path.is_file():
            return False
        with self.path.open("rb") as file:
            file.seek(size - 1)
            return file.read(1) != b"\n"

    def _due(self) -> bool:
        if self._interval and time.time() - self._opened >= self._interval:
            return True
        return bool(self._max_size) and self.path.stat().st_size >= self._max_size

    def _rotate(self) -> None:
        self.close()
        stamp = f"{time.strftime('%Y-%m-%d', time.gmtime())}-{int(time.time())}"
        target, serial = self.path.with_name(f"{self.path.stem}.{stamp}{self.path.suffix}"), 1
        while target.exists():
            target = self.path.with_name(f"{self.path.stem}.{stamp}-{serial}{self.path.suffix}")
            serial += 1
        self.path.rename(target)
        if self._max_archives >= 0:
            archives = sorted(self.path.parent.glob(f"{self.path.stem}.*-*-*-*{self.path.suffix}"), key=_age)
            for old in archives[: len(archives) - self._max_archives]:
                old.unlink(missing_ok=True)

    def close(self) -> None:
        """Close it."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _age(path: Path) -> tuple[float, str]:
    return path.stat().st_mtime, path.name
