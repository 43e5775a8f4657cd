"""Reads whole files at every interval."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path
from typing import Union

from pyagent import ConfigError, Input, Metric, Record, config, option


@config
class FileConfig:
    """Options of ``inputs.file``."""

    files: list[str] = option(
        "Files to read; `*`, `?`, `[…]` and `**` are globs, resolved at every interval.",
        default=[],
        example=["/tmp/metrics.out"],
    )
    file_tag: str = option("Add a tag of this name with the file's base name.", default="")
    file_path_tag: str = option("Add a tag of this name with the file's absolute path.", default="")
    character_encoding: str = option(
        "Encoding of the files; a byte order mark is skipped. Empty: bytes as they are.",
        default="",
        choices=("", "utf-8", "utf-16le", "utf-16be", "none"),
    )


class File(Input[FileConfig]):
    """Reads files from the beginning at every interval and parses each as a whole."""

    uses_parser = True

    def init(self) -> None:
        if not self.config.files:
            raise ConfigError("names no file to read", key="files")

    def gather(self) -> Iterator[Union[Metric, Record]]:
        for pattern in self.config.files:
            paths = sorted(glob.glob(pattern, recursive=True)) if glob.has_magic(pattern) else [pattern]
            for name in paths:
                path = Path(name)
                if path.is_dir():
                    continue
                tags = {}
                if self.config.file_tag:
                    tags[self.config.file_tag] = path.name
                if self.config.file_path_tag:
                    tags[self.config.file_path_tag] = str(path.resolve())
                yield Record(self._read(path), source=str(path), tags=tags)

    def _read(self, path: Path) -> bytes:
        data = path.read_bytes()
        encoding = self.config.character_encoding
        if encoding in ("", "none"):
            return data
        return data.decode(encoding, "replace").lstrip("\ufeff").encode()
