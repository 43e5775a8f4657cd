"""Secrets from the files of a directory, as Docker and Kubernetes mount them."""

from __future__ import annotations

from pathlib import Path

from pyagent import ConfigError, SecretStore, config, option


@config
class FileConfig:
    """Options of ``secretstores.file`` (Telegraf: ``docker``)."""

    path: str = option("The directory; each file in it is a secret.", default="/run/secrets", aliases=("directory",))
    dynamic: bool = option("Telegraf's; secrets are read once, when the configuration is loaded.", default=False)


class File(SecretStore[FileConfig]):
    """``@{id:token}`` is what stands in the file ``token``, without the line end after it."""

    def init(self) -> None:
        if not Path(self.config.path).is_dir():
            raise ConfigError(f"{self.config.path} is no directory", key="path")

    def get(self, key: str) -> str:
        path = Path(self.config.path) / key
        if not path.is_file():
            raise KeyError(key)
        text = path.read_text(encoding="utf-8")
        return text.rstrip("\r\n") if text.endswith("\n") else text
