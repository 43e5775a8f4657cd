"""Writes to files and to standard output; can store dead letters."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Sequence

from plugins.common.rotating import RotatingFile
from pyagent import ConfigError, DeadLetter, Duration, MetricBatch, Output, Retry, Size, StartupError, config, option


@config
class FileConfig:
    """Options of ``outputs.file``."""

    files: list[str] = option('Files to append to; "stdout" is standard output.', default=["stdout"])
    use_batch_format: bool = option(
        "Telegraf's: serialize a batch as a whole. It always is here; no format tells the difference yet.",
        default=False,
    )
    rotation_interval: Duration = option("Begin a new file after this time; 0: never.", default=Duration(0))
    rotation_max_size: Size = option("Begin a new file at this size; 0: never.", default=Size(0))
    rotation_max_archives: int = option("Keep so many old files; -1: all. Dead letters are never deleted.", default=5)
    compression_algorithm: str = option("Compress what is written.", default="", choices=("", "gzip", "zlib", "zstd"))
    compression_level: int = option("Of the algorithm; -1: its default.", default=-1)


class File(Output[FileConfig]):
    """Appends serialized metrics; as a dead-letter output, lines of JSON."""

    uses_serializer = True
    takes_dead_letters = True

    def init(self) -> None:
        options = self.config
        if not options.files:
            raise ConfigError("names no file", key="files")
        if options.compression_algorithm == "zstd":
            raise ConfigError("is zstd, which is not supported yet; use gzip", key="compression_algorithm")
        if not -1 <= options.compression_level <= 9:
            raise ConfigError("goes from 1 (fast) to 9 (small); -1 is the default", key="compression_level")
        self._files: list[RotatingFile] = []
        self._stdout = False

    def open(self) -> None:
        self.close()
        options = self.config
        for name in options.files:
            if name == "stdout":
                self._stdout = True
                continue
            file = RotatingFile(
                name, options.rotation_interval.seconds, options.rotation_max_size, options.rotation_max_archives
            )
            try:
                file.open()
            except OSError as error:
                raise StartupError(f"cannot append to {name}: {error}") from error
            self._files.append(file)

    def write(self, batch: MetricBatch) -> None:
        data = self.serializer.serialize_batch(batch)
        level = self.config.compression_level
        if self.config.compression_algorithm == "gzip":
            data = gzip.compress(data, 9 if level < 0 else level)
        elif self.config.compression_algorithm == "zlib":
            data = zlib.compress(data, level)
        self._append(data)

    def write_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        for file in self._files:
            file.keep_all()
            file.whole_lines()
        self._append(b"".join(letter.to_json() for letter in letters), durable=True)

    def _append(self, data: bytes, *, durable: bool = False) -> None:
        if self._stdout:
            try:
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
            except OSError as error:
                raise Retry(f"cannot write to standard output: {error}") from error
        for file in self._files:
            try:
                file.append(data, durable=durable)
            except OSError as error:
                raise Retry(f"cannot write to {file.path}: {error}") from error

    def close(self) -> None:
        for file in self._files:
            file.close()
        self._files = []
