"""TLS as a client: the options that all plugins share, and the context made of them."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Optional

from pyagent import ConfigError, Secret, config, option

__all__ = ["TlsClientConfig", "check_tls", "cipher_string", "client_context"]

_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}


@config
class TlsClientConfig:
    """``tls_…``: files are PEM, and must be there when the configuration is checked."""

    tls_enable: Optional[bool] = option(
        "true: TLS with the system's CAs even if no other tls_ option is set; false: none.", default=None
    )
    tls_ca: str = option("CAs to trust instead of the system's.", default="")
    tls_cert: str = option("The client's certificate.", default="")
    tls_key: str = option("The key of the client's certificate.", default="")
    tls_key_pwd: Secret = option("Password of an encrypted key.", default=Secret(""))
    tls_server_name: str = option("The name to ask for and to verify, instead of the address's.", default="")
    tls_min_version: str = option("The oldest version to accept.", default="TLS12", choices=("", *_VERSIONS))
    tls_cipher_suites: list[str] = option(
        'Names as Go has them, or "all", "secure", "insecure"; empty: the library\'s own choice.', default=[]
    )
    tls_renegotiation_method: str = option("Renegotiation by the server: only never.", default="never")
    insecure_skip_verify: bool = option("Trust any certificate.", default=False)


def check_tls(config: TlsClientConfig) -> None:
    """Refuse what cannot work.

    Raises:
        ConfigError: With the key that is to blame.
    """
    for key in ("tls_ca", "tls_cert", "tls_key"):
        name = getattr(config, key)
        if name and not Path(name).is_file():
            raise ConfigError(f"names {name}, which is no file", key=key)
    if bool(config.tls_cert) != bool(config.tls_key):
        raise ConfigError("needs both tls_cert and tls_key", key="tls_cert")
    if config.tls_renegotiation_method != "never":
        raise ConfigError('can only be "never"', key="tls_renegotiation_method")
    try:
        client_context(config)
    except (ssl.SSLError, OSError, ValueError) as error:
        key = "tls_cipher_suites" if "cipher" in str(error).lower() else "tls_key" if config.tls_key else "tls_ca"
        raise ConfigError(f"cannot be used: {error}; check the file's content and tls_key_pwd", key=key) from None


def cipher_string(suites: list[str]) -> str:
    """Go's names of cipher suites as OpenSSL wants them; empty for its own choice."""
    if not suites or set(suites) <= {"all", "secure"}:
        return ""
    found = []
    for suite in suites:
        if suite in ("all", "secure"):
            found.append("DEFAULT")
        elif suite == "insecure":
            found.append("DEFAULT:@SECLEVEL=0")
        else:
            name = suite.upper().replace("TLS_", "", 1).replace("_WITH_", "-").replace("_", "-").replace("AES-", "AES")
            name = name.replace("CHACHA20-POLY1305-SHA256", "CHACHA20-POLY1305").replace("-CBC", "")
            found.append(name.replace("RSA-AES", "AES", 1) if name.startswith("RSA-") else name)
    return ":".join(found)


class _NamedContext(ssl.SSLContext):
    """Asks for and verifies one name, whatever address is connected to."""

    name: str = ""

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        kwargs["server_hostname"] = self.name
        return super().wrap_socket(*args, **kwargs)

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        kwargs["server_hostname"] = self.name
        return super().wrap_bio(*args, **kwargs)


def client_context(config: TlsClientConfig) -> ssl.SSLContext:
    """The context for connections.

    Raises:
        ssl.SSLError, OSError, ValueError: A file, a password or a cipher suite is no good.
    """
    kind: type[ssl.SSLContext] = _NamedContext if config.tls_server_name else ssl.SSLContext
    context = kind(ssl.PROTOCOL_TLS_CLIENT)
    if isinstance(context, _NamedContext):
        context.name = config.tls_server_name
    if config.insecure_skip_verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    elif config.tls_ca:
        context.load_verify_locations(config.tls_ca)
    else:
        context.load_default_certs()
    if config.tls_cert and config.tls_key:
        # Never let OpenSSL ask the terminal: without a password an encrypted key is an error.
        context.load_cert_chain(config.tls_cert, config.tls_key, lambda: config.tls_key_pwd.get())
    context.minimum_version = _VERSIONS[(config.tls_min_version or "TLS12").upper()]
    ciphers = cipher_string(config.tls_cipher_suites)
    if ciphers:
        context.set_ciphers(ciphers)
    return context
