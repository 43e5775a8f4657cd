"""Options that both InfluxDB outputs have, and what is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional
from urllib.parse import urlsplit

from pyagent import ConfigError, Duration, Secret, config, option

__all__ = ["CommonInfluxConfig", "check", "request_options"]


@config
class CommonInfluxConfig:
    """URLs, TLS, proxy, headers, encoding."""

    urls: list[str] = option(
        "Servers. Each write goes to one of them, and to the next if that fails.", default=["http://localhost:8086"]
    )
    local_address: str = option("Local IP, or IP:port, to connect from.", default="")
    timeout: Duration = option("How long a request may take.", default=Duration(5_000_000_000))
    http_headers: dict[str, str] = option("More headers for every request.", default={})
    http_proxy: str = option("Proxy to use; empty: the one that the environment names.", default="")
    user_agent: str = option("The User-Agent header; empty: pyagent and its version.", default="")
    content_encoding: str = option(
        "gzip, or identity for uncompressed bodies.", default="gzip", choices=("gzip", "identity", "")
    )
    influx_uint_support: bool = option("Write unsigned values as 42u; InfluxDB 1.x cannot store them.", default=False)
    influx_omit_timestamp: bool = option(
        "Leave the times out. Then a repeated write makes a second point.", default=False
    )
    tls_enable: Optional[bool] = option("TLS is used where the URL says https; nothing else is needed.", default=None)
    tls_ca: str = option("PEM file of the CAs to trust instead of the system's.", default="")
    tls_cert: str = option("PEM file with the client's certificate.", default="")
    tls_key: str = option("PEM file with the client's key.", default="")
    tls_key_pwd: Secret = option("Password of that key; not supported yet: use a key without one.", default=Secret(""))
    tls_server_name: str = option("Name to verify instead of the URL's; not supported yet.", default="")
    tls_min_version: str = option("The library's own minimum (TLS12) is used.", default="TLS12")
    tls_cipher_suites: list[str] = option("Not supported yet.", default=[])
    tls_renegotiation_method: str = option("Only never.", default="never")
    insecure_skip_verify: bool = option("Trust any certificate.", default=False)
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
    for key in ("tls_key_pwd", "tls_server_name", "tls_cipher_suites"):
        if getattr(config, key):
            raise ConfigError("is not supported yet; take it out", key=key)
    if config.tls_min_version.upper() not in ("", "TLS12"):
        raise ConfigError("can only be TLS12 yet", key="tls_min_version")
    if config.tls_renegotiation_method != "never":
        raise ConfigError('can only be "never"', key="tls_renegotiation_method")
    for key in ("tls_ca", "tls_cert", "tls_key"):
        name = getattr(config, key)
        if name and not Path(name).is_file():
            raise ConfigError(f"names {name}, which is no file", key=key)
    if bool(config.tls_cert) != bool(config.tls_key):
        raise ConfigError("needs both tls_cert and tls_key", key="tls_cert")


def request_options(config: CommonInfluxConfig) -> dict[str, Any]:
    """``verify``, ``cert`` and ``proxies`` for the transport."""
    options: dict[str, Any] = {"verify": False if config.insecure_skip_verify else (config.tls_ca or True)}
    if config.tls_cert:
        options["cert"] = (config.tls_cert, config.tls_key)
    if config.http_proxy:
        options["proxies"] = {"http": config.http_proxy, "https": config.http_proxy}
    return options
