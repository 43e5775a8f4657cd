"""Where the demo's points end: a real InfluxDB 1.x, or an endpoint that checks every line."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Protocol

import click

from agent.demo.broker import free_port
from agent.kits.influx_server import FakeInfluxDB

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Store", "choose_store"]

DATABASE = "pyagent_demo"


class Store(Protocol):
    """A place that can be asked what it has."""

    name: str
    url: str

    def __enter__(self) -> Self: ...

    def __exit__(self, *args: object) -> None: ...

    def count(self) -> int:
        """Points stored."""


class RealStore:
    """An InfluxDB 1.x that runs already."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.name = f"InfluxDB at {self.url}"
        self._before = 0

    def __enter__(self) -> Self:
        try:
            self._before = self.count()
        except Exception as error:
            raise click.ClickException(f"no InfluxDB 1.x answers at {self.url}: {error}") from None
        return self

    def __exit__(self, *args: object) -> None:
        pass

    def count(self) -> int:
        import requests

        query = {"q": "SELECT count(seq) FROM cpu; SELECT count(seq) FROM climate", "db": DATABASE}
        answer: Any = requests.get(f"{self.url}/query", params=query, timeout=10)
        answer.raise_for_status()
        found = 0
        for result in answer.json()["results"]:
            for series in result.get("series", ()):
                found += series["values"][0][1]
        return found - self._before


class OwnServer(RealStore):
    """``influxd`` from PATH, started for the demo alone."""

    def __init__(self, binary: str) -> None:
        super().__init__(f"http://127.0.0.1:{free_port()}")
        self.name = f"InfluxDB ({binary}, started for the demo)"
        self._binary = binary
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._folder = tempfile.TemporaryDirectory(prefix="pyagent-demo-")

    def __enter__(self) -> Self:
        folder = Path(self._folder.name)
        address = self.url.partition("//")[2]
        (folder / "influxdb.conf").write_text(
            f'reporting-disabled = true\nbind-address = "127.0.0.1:{free_port()}"\n'
            f'[meta]\ndir = "{folder}/meta"\n[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\n'
            f'[http]\nbind-address = "{address}"\nlog-enabled = false\n'
        )
        self._process = subprocess.Popen(
            [self._binary, "run", "-config", str(folder / "influxdb.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while True:
            try:
                self.count()
                return self
            except Exception:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise click.ClickException(f"{self._binary} does not start") from None
                time.sleep(0.1)

    def __exit__(self, *args: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
        self._folder.cleanup()


class EmbeddedStore(FakeInfluxDB):
    """The checking endpoint."""

    name = "an embedded write endpoint that checks every line (no influxd on PATH)"

    def count(self) -> int:
        """Points stored."""
        return len(self._points)


def choose_store(url: str) -> Store:
    """The store at ``url``, else an ``influxd`` 1.x of this machine, else the embedded endpoint."""
    if url:
        return RealStore(url)
    binary = shutil.which("influxd")
    if binary is not None:
        said = subprocess.run([binary, "version"], capture_output=True, text=True, timeout=10, check=False).stdout
        if "1." in said.split("(")[0]:
            return OwnServer(binary)
    return EmbeddedStore()
