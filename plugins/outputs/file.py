"""Writes to files and to standard output; can store dead letters."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from pyagent import DeadLetter, MetricBatch, Output, Retry, StartupError, config, option


@config
class FileConfig:
    """Options of ``outputs.file``."""

    files: list[str] = option('Files to append to; "stdout" is standard output.', default=["stdout"])
    use_batch_format: bool = option("Serialize a whole batch at once, where the format tells the difference.", default=False)


class File(Output[FileConfig]):
    """Appends serialized metrics; as a dead-letter output, lines of JSON."""

    uses_serializer = True
    takes_dead_letters = True

    def init(self) -> None:
        self._files: list[IO[bytes]] = []

    def open(self) -> None:
        for name in self.config.files:
            if name == "stdout":
                self._files.append(sys.stdout.buffer)
                continue
            try:
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                self._files.append(Path(name).open("ab"))
            except OSError as error:
                raise StartupError(f"cannot append to {name}: {error}") from error

    def write(self, batch: MetricBatch) -> None:
        self._append(self.serializer.serialize_batch(batch))

    def write_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        self._append(b"".join(letter.to_json() for letter in letters), durable=True)

    def _append(self, data: bytes, *, durable: bool = False) -> None:
        for file in self._files:
            try:
                file.write(data)
                file.flush()
                if durable and file is not sys.stdout.buffer:
                    os.fsync(file.fileno())
            except OSError as error:
                raise Retry(f"cannot write to {getattr(file, 'name', 'stdout')}: {error}") from error

    def close(self) -> None:
        for file in self._files:
            if file is not sys.stdout.buffer:
                file.close()
        self._files = []
