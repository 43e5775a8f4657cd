"""InfluxDB over UDP and over unix sockets."""

from __future__ import annotations

import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler

import pytest

from plugins.outputs.influxdb import InfluxDB
from plugins.outputs.influxdb_v2 import InfluxDBv2
from pyagent import ConfigError, Metric, MetricBatch, Retry
from pyagent.testing import make_plugin


def test_a_line_a_datagram_and_long_metrics_split(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        output = make_plugin(InfluxDB, urls=[f"udp://127.0.0.1:{server.getsockname()[1]}"], udp_payload=40)
        output.open()
        output.write(
            MetricBatch([Metric("m", {"v": 1}, time=1), Metric("n", {f"field{i}": i for i in range(4)}, time=2)])
        )
        output.close()
        found = [server.recv(100) for _ in range(3)]
    assert found[0] == b"m v=1i 1\n"
    assert all(len(datagram) <= 40 and datagram.endswith(b" 2\n") for datagram in found[1:])
    assert b"".join(found).count(b"field") == 4


def test_udp_and_http_together_are_refused():
    with pytest.raises(ConfigError, match="mixes"):
        make_plugin(InfluxDB, urls=["udp://127.0.0.1:1", "http://127.0.0.1:1"])


@pytest.mark.parametrize("kind", [InfluxDB, InfluxDBv2])
def test_a_unix_socket(tmp_path, kind):
    seen = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.path.partition("?")[0], body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            pass

    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True

        def get_request(self):
            request, _ = super().get_request()
            return request, ("127.0.0.1", 0)

    path = tmp_path / "influx.sock"
    with Server(str(path), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        output = make_plugin(kind, urls=[f"unix://{path}"], content_encoding="identity")
        output.open()
        output.write(MetricBatch([Metric("m", {"v": 1}, time=1)]))
        output.write(MetricBatch([Metric("m", {"v": 2}, time=2)]))
        output.close()
        server.shutdown()
    written = [(path, body) for path, body in seen if "query" not in path]
    assert written == [("/write" if kind is InfluxDB else "/api/v2/write", body) for body in (b"m v=1i 1", b"m v=2i 2")]


def test_a_socket_that_is_not_there_keeps_the_batch(tmp_path):
    output = make_plugin(InfluxDBv2, urls=[f"unix://{tmp_path}/none"])
    output.open()
    with pytest.raises(Retry, match="none"):
        output.write(MetricBatch([Metric("m", {"v": 1}, time=1)]))
    output.close()
