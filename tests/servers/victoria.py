"""VictoriaMetrics: a store with InfluxDB's write endpoints, of both versions."""

from __future__ import annotations

import json
import shutil
import urllib.parse
import urllib.request

from tests.servers.ports import free_port
from tests.servers.processes import Process, ServerMissing


class VictoriaMetricsServer(Process):
    """A store with InfluxDB 2's write endpoint."""

    def __init__(self, folder):
        super().__init__(folder)
        if shutil.which("victoria-metrics") is None:
            raise ServerMissing("victoria-metrics is not on PATH (Debian: victoria-metrics)")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def _start(self):
        self.launch(
            [
                "victoria-metrics",
                f"-httpListenAddr=127.0.0.1:{self.port}",
                f"-storageDataPath={self.folder}/data",
                "-retentionPeriod=100y",
            ]
        )
        self.ready(lambda: urllib.request.urlopen(f"{self.url}/health", timeout=2).read())

    def samples(self, name):
        """All samples of a series name: (labels, time in ms, value)."""
        urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=20).read()
        address = f"{self.url}/api/v1/export?" + urllib.parse.urlencode({"match[]": name, "start": "0"})
        with urllib.request.urlopen(address, timeout=60) as answer:
            series = [json.loads(line) for line in answer]
        return [(s["metric"], t, v) for s in series for t, v in zip(s["timestamps"], s["values"])]

    def count(self, name):
        """How many samples a series name has: of a metric's field, ``measurement_field``."""
        return len(self.samples(name))
