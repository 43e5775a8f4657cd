"""Line protocol over UDP: a line a datagram, no answers."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Optional
from urllib.parse import urlsplit

from plugins.common.influx.answers import KEEP, WRITTEN, Verdict

__all__ = ["UdpServer"]


class UdpServer:
    """Sends to ``udp://host:port``. A send that fails keeps the batch; what the network loses, nobody sees."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = url
        self._address = (parts.hostname or "localhost", parts.port or 8089)
        self._family = {"udp4": socket.AF_INET, "udp6": socket.AF_INET6}.get(parts.scheme, socket.AF_UNSPEC)
        self._socket: Optional[socket.socket] = None

    def send(self, lines: Sequence[bytes]) -> Verdict:
        """Send each line, with its line end, as a datagram."""
        try:
            if self._socket is None:
                family, kind, protocol, _, address = socket.getaddrinfo(
                    *self._address, family=self._family, type=socket.SOCK_DGRAM
                )[0]
                self._socket = socket.socket(family, kind, protocol)
                self._socket.connect(address)
            for line in lines:
                self._socket.send(line + b"\n")
        except OSError as error:
            self.close()
            return Verdict(KEEP, f"{self.url}: {error}")
        return Verdict(WRITTEN)

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
