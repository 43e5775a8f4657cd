"""The transport: one session with keep-alive per URL, compression, fail-over."""

from __future__ import annotations

import random
import re
import threading
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Optional, Union
from urllib.parse import unquote, urlsplit

from plugins.common.influx.answers import KEEP, Verdict, judge

if TYPE_CHECKING:
    import requests

__all__ = ["Servers", "compress"]

#: The query of an address in an error's text: it may hold a password.
_QUERY = re.compile(r"\?[^\s'\")]*")


def compress(data: bytes) -> bytes:
    """Gzip at the speed that counts more than the last percent: ISA-L where it is installed."""
    try:
        from isal import igzip
    except ImportError:
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        return packer.compress(data) + packer.flush()
    return igzip.compress(data, 1)  # type: ignore[no-any-return]


class Servers:
    """The configured URLs. A request goes to a random one, and to the next where that fails.

    Args:
        urls: Base URLs, each with the query parameters that every request carries.
        timeout: Seconds for a whole request.
        headers: Sent with every request.
        gzip: Compress bodies.
        options: ``verify``, ``auth``, ``proxies`` of requests; ``context`` and ``server_name`` for TLS.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        timeout: float,
        headers: Mapping[str, str],
        gzip: bool,
        options: Mapping[str, Any],
        local_address: str = "",
    ) -> None:
        self.urls = list(urls)
        self._timeout = timeout
        self._headers = dict(headers)
        self._gzip = gzip
        self._options = dict(options)
        self._local_address = local_address
        self._sessions: dict[str, requests.Session] = {}
        self._lock = threading.Lock()

    def _session(self, url: str) -> requests.Session:
        with self._lock:  # parts of a batch may be written at once
            return self._sessions.get(url) or self._connect(url)

    def _connect(self, url: str) -> requests.Session:
        import requests
        from requests.adapters import HTTPAdapter

        session = requests.Session()
        session.headers.update(self._headers)
        session.auth = self._options.get("auth") or _credentials(url, self._headers) or _NoAuth()
        session.verify = self._options.get("verify", True)
        if self._options.get("proxies"):
            session.trust_env = False
            session.proxies = self._options["proxies"]
        pool = _pool_options(self._options, self._local_address)
        adapter: Any = _adapter_class()(pool) if pool else HTTPAdapter(pool_connections=1, pool_maxsize=8)
        if url.startswith("unix://"):
            from plugins.common.influx.unix import UnixAdapter

            session.trust_env = False
            adapter = UnixAdapter(urlsplit(url).path)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        self._sessions[url] = session
        return session

    def send(
        self,
        path: str,
        params: Mapping[str, str],
        body: Union[bytes, str],
        content_type: str = "text/plain; charset=utf-8",
    ) -> Verdict:
        """POST to one URL after the other until one does not fail; the last failure's verdict otherwise.

        A server that judges the points (400, 422, 413) has answered: the next would say the same.
        """
        headers = {"Content-Type": content_type}
        data: Union[bytes, str] = body
        if self._gzip and isinstance(body, bytes):
            data = compress(body)
            headers["Content-Encoding"] = "gzip"
        verdict: Optional[Verdict] = None
        for url in random.sample(self.urls, len(self.urls)):
            found = self._post(url, path, params, data, headers)
            if found.kind != KEEP:
                return found
            if verdict is None or found.after is not None:
                verdict = found
        return verdict or Verdict(KEEP, "no URL is configured")

    def _post(
        self, url: str, path: str, params: Mapping[str, str], data: Union[bytes, str], headers: Mapping[str, str]
    ) -> Verdict:
        import requests
        from urllib3.exceptions import HTTPError

        base, query = _shown(url), urlsplit(url).query
        root = "http://127.0.0.1" if base.startswith("unix://") else base.rstrip("/")
        address = root + path + (f"?{query}" if query else "")
        try:
            answer = self._session(url).post(
                address,
                params=dict(sorted(params.items())),
                data=data,
                headers=dict(headers),
                timeout=self._timeout,
                allow_redirects=False,
            )
            verdict = judge(answer.status_code, answer.headers, answer.content)
        except (requests.RequestException, HTTPError, OSError) as error:
            return Verdict(KEEP, f"{base}: {_plain(error)}")
        return verdict._replace(reason=f"{base}: {verdict.reason}") if verdict.kind == KEEP else verdict

    def close(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()


def _pool_options(options: Mapping[str, Any], local_address: str) -> dict[str, Any]:
    """What requests has no words for."""
    pool: dict[str, Any] = {}
    if options.get("context") is not None:
        pool["ssl_context"] = options["context"]
        if options.get("server_name"):
            pool["server_hostname"] = options["server_name"]
    if local_address:
        pool["source_address"] = _address(local_address)
    return pool


def _adapter_class() -> Any:
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        def __init__(self, pool: dict[str, Any]) -> None:
            self._options = pool
            super().__init__(pool_connections=1, pool_maxsize=8)

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **{**kwargs, **self._options})

    return Adapter


def _shown(url: str) -> str:
    """A URL as messages may show it: without name and password, and without its query, which may have them too."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _credentials(url: str, headers: Mapping[str, str]) -> Any:
    """Basic authentication from ``http://name:password@host``; a header of our own is preferred."""
    parts = urlsplit(url)
    if "Authorization" in headers or parts.username is None:
        return None
    from requests.auth import HTTPBasicAuth

    return HTTPBasicAuth(unquote(parts.username).encode(), unquote(parts.password or "").encode())


def _address(text: str) -> tuple[str, int]:
    """``IP``, ``IP:port``, ``[IPv6]:port`` to what a socket binds to."""
    host, _, port = text.rpartition(":")
    if port.isdigit() and host and (":" not in host or host.startswith("[")):
        return host.strip("[]"), int(port)
    return text.strip("[]"), 0


class _NoAuth:
    """Keeps requests from reading credentials out of ~/.netrc and from dropping our Authorization header."""

    def __call__(self, request: Any) -> Any:
        return request


def _plain(error: BaseException) -> str:
    """The innermost cause, without the wrappers' object addresses."""
    text = str(error)
    for clue in (
        "Connection refused",
        "Name or service not known",
        "timed out",
        "reset by peer",
        "certificate verify failed",
    ):
        if clue.lower() in text.lower():
            return clue
    return f"{type(error).__name__}: {_QUERY.sub('?…', text)[:300]}"
