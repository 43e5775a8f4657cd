"""Secrets from the operating system's keyring."""

from __future__ import annotations

from typing import Any

from pyagent import ConfigError, SecretStore, config, option


@config
class OsConfig:
    """Options of ``secretstores.os``."""

    keyring: str = option("The service under which the secrets are kept.", default="telegraf", aliases=("collection",))
    dynamic: bool = option("Telegraf's; secrets are read once, when the configuration is loaded.", default=False)


class Os(SecretStore[OsConfig]):
    """``@{id:token}`` is the password of the user ``token`` in the service ``keyring``."""

    _library: Any = None

    def open(self) -> None:
        try:
            import keyring
        except ImportError:
            raise ConfigError("needs the package keyring: pip install keyring") from None
        self._library = keyring

    def get(self, key: str) -> str:
        found = self._library.get_password(self.config.keyring, key)
        if found is None:
            raise KeyError(key)
        return str(found)
