"""InfluxDB 1.x."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request

from tests.servers.ports import free_ports
from tests.servers.processes import Process, ServerMissing


class InfluxDBServer(Process):
    """InfluxDB 1.x."""

    def __init__(self, folder):
        super().__init__(folder)
        if shutil.which("influxd") is None:
            raise ServerMissing("influxd is not on PATH (Debian: influxdb)")
        version = subprocess.run(["influxd", "version"], capture_output=True, text=True, timeout=20).stdout
        if not re.search(r"\bv?1\.\d+\.", version):
            raise ServerMissing(f"influxd is no 1.x: {version.strip()}")
        self.port, rpc = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        (self.folder / "influxdb.conf").write_text(
            f'reporting-disabled = true\nbind-address = "127.0.0.1:{rpc}"\n'
            f'[meta]\ndir = "{self.folder}/meta"\n[data]\ndir = "{self.folder}/data"\nwal-dir = "{self.folder}/wal"\n'
            f'[http]\nbind-address = "127.0.0.1:{self.port}"\nlog-enabled = false\n'
        )

    def _start(self):
        self.launch(["influxd", "run", "-config", "influxdb.conf"])
        self.ready(lambda: self.query("SHOW DATABASES"))

    def query(self, text, database=""):
        """The rows of all series of one statement's answer; times are nanoseconds."""
        address = f"{self.url}/query?" + urllib.parse.urlencode({"q": text, "db": database, "epoch": "ns"})
        request = urllib.request.Request(address, data=b"")
        with urllib.request.urlopen(request, timeout=60) as answer:
            result = json.load(answer)["results"][0]
        if "database not found" in result.get("error", ""):
            return []
        assert "error" not in result, result
        return [row for series in result.get("series", ()) for row in series["values"]]

    def count(self, database, measurement, field):
        """How many points of a measurement have a field."""
        rows = self.query(f'SELECT count("{field}") FROM "{measurement}"', database)
        return rows[0][1] if rows else 0
