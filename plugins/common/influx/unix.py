"""HTTP over a unix socket, for ``unix:///path`` URLs."""

from __future__ import annotations

import socket
from typing import Any, Optional

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

__all__ = ["UnixAdapter"]

_DIAL_SECONDS = 5.0


class _Connection(HTTPConnection):
    def __init__(self, path: str, timeout: Any) -> None:
        super().__init__("127.0.0.1", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_DIAL_SECONDS)
        self.sock.connect(self._path)
        self.sock.settimeout(self.timeout if isinstance(self.timeout, (int, float)) else None)


class _Pool(HTTPConnectionPool):
    def __init__(self, path: str) -> None:
        super().__init__("127.0.0.1", maxsize=8)
        self._path = path

    def _new_conn(self) -> Any:
        return _Connection(self._path, self.timeout.connect_timeout)


class UnixAdapter(HTTPAdapter):
    """Sends every request of its session to one socket, as host 127.0.0.1."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._pool = _Pool(path)

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        return self._pool

    def get_connection(self, url: Any, proxies: Optional[Any] = None) -> Any:
        return self._pool

    def close(self) -> None:
        self._pool.close()
        super().close()
