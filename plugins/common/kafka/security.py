"""TLS and SASL: the options in words that both adapters translate from, and what neither can do."""

from __future__ import annotations

import os
from typing import NamedTuple

from plugins.common.kafka.options import KafkaConsumerConfig
from pyagent import ConfigError

__all__ = ["MECHANISMS", "Security", "check_security", "security"]

#: SASL mechanisms that both clients speak.
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")


class Security(NamedTuple):
    """How to talk to the brokers."""

    protocol: str
    """``PLAINTEXT``, ``SSL``, ``SASL_PLAINTEXT``, ``SASL_SSL``."""
    mechanism: str
    """A SASL mechanism; empty: none."""

    @property
    def tls(self) -> bool:
        """True if connections are encrypted."""
        return self.protocol.endswith("SSL")


def security(config: KafkaConsumerConfig) -> Security:
    """What the options come to."""
    tls = config.enable_tls if config.enable_tls is not None else config.tls_enable
    if tls is None:
        tls = bool(config.tls_ca or config.tls_cert or config.tls_key or config.insecure_skip_verify)
    mechanism = config.sasl_mechanism or ("PLAIN" if config.sasl_username else "")
    return Security(("SASL_" if mechanism else "") + ("SSL" if tls else "PLAINTEXT"), mechanism)


def check_security(config: KafkaConsumerConfig, confluent: bool) -> None:
    """Refuse what the chosen client cannot do, rather than ignore it.

    Raises:
        ConfigError: It names the option.
    """
    found = security(config)
    mechanism = found.mechanism
    if mechanism and mechanism not in MECHANISMS:
        raise ConfigError(
            f"is {mechanism}, which is not supported; supported are {', '.join(MECHANISMS)}", key="sasl_mechanism"
        )
    if mechanism == "OAUTHBEARER" and not config.sasl_access_token:
        raise ConfigError("is needed for OAUTHBEARER", key="sasl_access_token")
    if mechanism and mechanism != "OAUTHBEARER" and not (config.sasl_username and config.sasl_password):
        missing = "sasl_password" if config.sasl_username else "sasl_username"
        raise ConfigError(f"is needed for {mechanism}", key=missing)
    if not found.tls:
        return
    if bool(config.tls_cert) != bool(config.tls_key):
        missing = "tls_key" if config.tls_cert else "tls_cert"
        raise ConfigError("is missing: a client certificate needs both tls_cert and tls_key", key=missing)
    for key in ("tls_ca", "tls_cert", "tls_key"):
        path = getattr(config, key)
        if path and not os.access(path, os.R_OK):
            raise ConfigError(f'names "{path}", which cannot be read', key=key)
    if config.tls_server_name:
        raise ConfigError("is not supported: the clients check the name that brokers has", key="tls_server_name")
    if config.tls_cipher_suites:
        raise ConfigError("is not supported: remove it to use the system's own", key="tls_cipher_suites")
    if config.tls_renegotiation_method != "never":
        raise ConfigError('is not supported, save "never"', key="tls_renegotiation_method")
    if confluent and config.tls_min_version != "TLS12":
        raise ConfigError(
            f'is {config.tls_min_version}, which confluent cannot be told: use "TLS12" or client = "kafka-python"',
            key="tls_min_version",
        )
