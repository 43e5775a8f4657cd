"""Secrets from environment variables."""

from __future__ import annotations

import os

from pyagent import SecretStore, config, option


@config
class EnvConfig:
    """Options of ``secretstores.env``."""

    prefix: str = option("Put before the key to get the variable's name.", default="", example="PYAGENT_")


class Env(SecretStore[EnvConfig]):
    """``@{id:token}`` is the variable ``<prefix>token``, else ``<prefix>TOKEN``."""

    def get(self, key: str) -> str:
        for name in (self.config.prefix + key, self.config.prefix + key.upper()):
            if name in os.environ:
                return os.environ[name]
        raise KeyError(key)
