"""Dead letters as lines of JSON in a file, durable when ``write`` returns. Nothing is ever deleted."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Optional

from agent.dead_letters.letter import DeadLetter
from agent.errors import Retry, StartupError

__all__ = ["DeadLetterFile", "state_directory"]


def state_directory(configured: str = "") -> Path:
    """Where the agent keeps what must survive it; see ``[agent] state_directory``."""
    if configured:
        return Path(configured).expanduser()
    if os.environ.get("STATE_DIRECTORY"):  # systemd; several are separated by colons
        return Path(os.environ["STATE_DIRECTORY"].split(":")[0])
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "pyagent"


class DeadLetterFile:
    """``dead-letters-N.jsonl`` in a directory, made with the first letter.

    N is the first number whose file no other process has locked, so that two agents may share a directory.

    Args:
        directory: Made if missing.
        total_size: Most bytes of all files together; 0: no bound.
        drop_oldest: At that bound, delete the oldest closed file instead of refusing.
        max_size: Bytes after which the file is renamed to one with its time in the name and a new one begun.
    """

    def __init__(
        self, directory: Path, max_size: int = 64 * 1024 * 1024, total_size: int = 0, drop_oldest: bool = False
    ) -> None:
        self.directory = directory
        self.max_size = max_size
        self.total_size = total_size
        self.drop_oldest = drop_oldest
        self._file: Optional[IO[bytes]] = None
        self._path = directory

    def check(self) -> None:
        """Make sure that letters can be written, without making a file.

        Raises:
            StartupError: They cannot.
        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StartupError(self._advice(error)) from error
        if not os.access(self.directory, os.W_OK | os.X_OK):
            raise StartupError(self._advice("permission denied"))

    def _advice(self, error: object) -> str:
        return (
            f"dead letters cannot be kept in {self.directory}: {error}. Set [agent] state_directory to a writable "
            f"directory, or configure an output with dead_letter = true"
        )

    def write(self, letters: Sequence[DeadLetter]) -> None:
        """Append the letters and wait until they are on disk.

        Raises:
            Retry: They are not (disk full, no permission); none is lost, the caller keeps them.
        """
        data = b"".join(letter.to_json() for letter in letters)
        try:
            file = self._file or self._open()
            if self.total_size:
                self._make_room(len(data))
            start = file.tell()
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), start)  # no half line for the next letter to join
                file.seek(start)
                raise
            if self.max_size and file.tell() >= self.max_size:
                self._rotate()
        except OSError as error:
            raise Retry(self._advice(error)) from error

    def _make_room(self, needed: int) -> None:
        files = sorted(self.directory.glob("dead-letters-*.jsonl"), key=lambda path: path.stat().st_mtime)
        total = sum(path.stat().st_size for path in files)
        closed = [path for path in files if len(path.stem.split("-")) > 3]  # those with a time in their name
        while self.drop_oldest and closed and total + needed > self.total_size:
            total -= closed[0].stat().st_size
            closed.pop(0).unlink()
        if total and total + needed > self.total_size:
            raise Retry(
                f"dead letters in {self.directory} have reached dead_letter_total_size = {self.total_size}: take files "
                f"away (replay them, or archive them), or raise the bound"
            )

    def _open(self) -> IO[bytes]:
        self.directory.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            path = self.directory / f"dead-letters-{number}.jsonl"
            file = path.open("ab", buffering=0)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                number += 1
                continue
            if file.tell() and path.read_bytes()[-1:] != b"\n":
                file.write(b"\n")  # a torn last line, from a crash in the middle of a write
            self._file, self._path = file, path
            return file

    def _rotate(self) -> None:
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        target, serial = self._path.with_name(f"{self._path.stem}-{stamp}.jsonl"), 1
        while target.exists():
            target = self._path.with_name(f"{self._path.stem}-{stamp}-{serial}.jsonl")
            serial += 1
        self._path.rename(target)
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
