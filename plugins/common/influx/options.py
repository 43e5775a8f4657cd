"""Options that both InfluxDB outputs have, and what is made of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from plugins.common.tls import TlsClientConfig, check_tls, client_context
from pyagent import ConfigError, Duration, Secret, config, option

__all__ = ["CommonInfluxConfig", "check", "headers", "request_options"]


@config
class CommonInfluxConfig(TlsClientConfig):
    """URLs, TLS, proxy, headers, encoding."""

    urls: list[str] = option(
        "Servers. Each write goes to one of them, and to the next if that fails.", default=["http://localhost:8086"]
    )
    local_address: str = option("Local IP, or IP:port, to connect from.", default="")
    timeout: Duration = option("How long a request may take.", default=Duration(5_000_000_000))
    http_headers: dict[str, Secret] = option("More headers for every request.", default={})
    http_proxy: str = option("Proxy to use; empty: the one that the environment names.", default="")
    user_agent: str = option("The User-Agent header; empty: pyagent and its version.", default="")
    content_encoding: str = option(
        "gzip, or identity for uncompressed bodies.", default="gzip", choices=("gzip", "identity", "")
    )
    influx_uint_support: bool = option("Write unsigned values as 42u; InfluxDB 1.x cannot store them.", default=False)
    influx_omit_timestamp: bool = option(
        "Leave the times out. Then a repeated write makes a second point.", default=False
    )
    on_missing_destination: str = option(
        "When the database or bucket that a tag chose does not exist: wait for it, or make dead letters.",
        default="wait",
        choices=("wait", "dead_letter"),
    )


def check(config: CommonInfluxConfig, schemes: tuple[str, ...]) -> None:
    """Refuse what cannot work.

    Raises:
        ConfigError: With the key that is to blame.
    """
    if not config.urls:
        raise ConfigError("names no server", key="urls")
    for url in config.urls:
        scheme = urlsplit(url).scheme
        if scheme not in schemes:
            raise ConfigError(
                f'has "{url}": unsupported scheme "{scheme}"; supported: {", ".join(schemes)}', key="urls"
            )
    check_tls(config)


def request_options(config: CommonInfluxConfig) -> dict[str, Any]:
    """``verify``, ``proxies`` and ``context`` for the transport."""
    options: dict[str, Any] = {"verify": False if config.insecure_skip_verify else (config.tls_ca or True)}
    if any(urlsplit(url).scheme == "https" for url in config.urls):
        options["context"] = client_context(config)
        options["server_name"] = config.tls_server_name
    if config.http_proxy:
        options["proxies"] = {"http": config.http_proxy, "https": config.http_proxy}
    return options


def headers(config: CommonInfluxConfig) -> dict[str, str]:
    """The headers that the user adds."""
    return {name: value.get() for name, value in config.http_headers.items()}
