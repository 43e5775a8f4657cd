"""An InfluxDB write endpoint in this process: checks every line, remembers every point, fails on request."""

from __future__ import annotations

import json
import threading
import time
import zlib
from collections import deque
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, Optional
from urllib.parse import parse_qs, urlsplit

from agent.line_protocol.decode import parse_lines
from agent.metric import Metric

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["FakeInfluxDB", "Fault"]


class Fault(NamedTuple):
    """What to do with one write instead of taking it."""

    status: int = 503
    body: bytes = b""
    headers: Mapping[str, str] = {}
    delay: float = 0.0
    """Seconds to wait before answering."""
    close: bool = False
    """Close the connection without an answer."""
    takes: bool = False
    """Store the points all the same, as a proxy that loses the answer does."""


class FakeInfluxDB:
    """``/write``, ``/query`` and ``/api/v2/write`` on a free port of this machine; a context manager.

    A line that does not parse, or a field whose type differs from what the measurement has, is answered as
    InfluxDB 1.6 (on ``/write``) and 2.9 (on ``/api/v2/write``) do. The same point written twice is one point.
    """

    def __init__(self) -> None:
        self.faults: deque[Fault] = deque()
        """Answers for the next writes, oldest first; empty: all are taken."""
        self.requests: list[tuple[str, dict[str, str], dict[str, str]]] = []
        """Path, query and headers of each write."""
        self.received = 0
        """Lines taken, repetitions included."""
        self._points: dict[tuple[Any, ...], Metric] = {}
        self._types: dict[tuple[str, str], str] = {}
        self._arrived: dict[tuple[Any, ...], int] = {}
        self._lock = threading.Lock()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                endpoint._post(self)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def points(self) -> list[Metric]:
        """Every point stored."""
        with self._lock:
            return list(self._points.values())

    def arrivals(self) -> list[tuple[Metric, int]]:
        """Every point with the time (ns) at which it was first stored."""
        with self._lock:
            return [(metric, self._arrived[key]) for key, metric in self._points.items()]

    # -- one request

    def _post(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if parts.path.endswith("/query"):
            return self._answer(handler, 200, b'{"results":[{"statement_id":0}]}')
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        with self._lock:
            self.requests.append((parts.path, query, dict(handler.headers.items())))
            fault = self.faults.popleft() if self.faults else None
        if handler.headers.get("Content-Encoding") == "gzip":
            try:
                body = zlib.decompress(body, 31)
            except zlib.error:
                return self._answer(handler, 400, b'{"error":"unexpected EOF"}')
        if fault is not None:
            time.sleep(fault.delay)
            if fault.takes:
                self._store(body, parts.path)
            if fault.close:
                handler.close_connection = True
                return None
            return self._answer(handler, fault.status, fault.body, fault.headers)
        status, text = self._store(body, parts.path)
        return self._answer(handler, status, text)

    @staticmethod
    def _answer(
        handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: Optional[Mapping[str, str]] = None
    ) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        if status != 204:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if status != 204:
            handler.wfile.write(body)

    def _store(self, body: bytes, path: str) -> tuple[int, bytes]:
        v2 = path.endswith("/api/v2/write")
        metrics, bad = parse_lines(body)
        if bad:
            lines = body.split(b"\n")
            quoted = [lines[line.line - 1].decode("utf-8", "replace").rstrip("\r") for line in bad]
            text = "partial write: " + "\n".join(f"unable to parse '{line}': invalid field format" for line in quoted)
            if v2:
                return 400, json.dumps({"code": "invalid", "message": text}).encode()
            self._keep(metrics)
            return 400, json.dumps({"error": text + " dropped=0"}).encode()
        conflict = self._keep(metrics)
        if conflict:
            if v2:
                return 422, json.dumps({"code": "unprocessable entity", "message": conflict}).encode()
            return 400, json.dumps({"error": conflict}).encode()
        return 204, b""

    def _keep(self, metrics: list[Metric]) -> str:
        """Store the points; the message about those that conflict in type, as the servers word it."""
        names = {float: "float", bool: "boolean", str: "string", int: "integer"}
        first, dropped, now = "", 0, time.time_ns()
        with self._lock:
            self.received += len(metrics)
            for metric in metrics:
                clash = ""
                for key, value in metric.fields.items():
                    kind = names.get(type(value), "unsigned")
                    known = self._types.setdefault((metric.name, key), kind)
                    if known != kind and not clash:
                        clash = (
                            f'input field "{key}" on measurement "{metric.name}" is type {kind}, '
                            f"already exists as type {known}"
                        )
                if clash:
                    first, dropped = first or clash, dropped + 1
                    continue
                identity = (metric.name, tuple(sorted(metric.tags.items())), metric.time)
                self._arrived.setdefault(identity, now)
                old = self._points.get(identity)
                if old is not None:
                    metric.fields = {**old.fields, **metric.fields}
                self._points[identity] = metric
        return f"partial write: field type conflict: {first} dropped={dropped}" if first else ""
