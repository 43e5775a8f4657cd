"""What all real servers share: a process with a folder of its own, and how a missing one is told."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest


class ServerMissing(Exception):
    """A server cannot be had on this machine; the message says why."""


def missing(reason):
    """Skip with the reason; fail where PYAGENT_REQUIRE_SERVERS=1 says that there must be servers."""
    if os.environ.get("PYAGENT_REQUIRE_SERVERS", "0") not in ("", "0"):
        pytest.fail(f"required here, since PYAGENT_REQUIRE_SERVERS is set: {reason}")
    pytest.skip(reason)


class Process:
    """A server process with a folder of its own."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = None

    def start(self):
        """Start, wait until it answers, and return it. One that does not answer is ended."""
        try:
            self._start()
        except BaseException:
            self.kill()
            raise
        return self

    def _start(self):
        raise NotImplementedError

    def launch(self, command):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder)

    def ready(self, test, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"{type(self).__name__} ended: {(self.folder / 'log').read_text()[-800:]}")
            try:
                return test()
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def restart(self):
        """Stop, and start on the same port and the same data."""
        self.stop()
        return self.start()

    def kill(self):
        """As a power cut does; :meth:`start` brings it back on the same data."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)
