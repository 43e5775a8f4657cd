"""The interface that ``inputs.kafka_consumer`` needs, whichever library is behind it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Optional, Protocol

from pyagent import Record

__all__ = ["KafkaClient", "Listener", "Partition", "Slice", "security"]

#: Topic and partition number.
Partition = tuple[str, int]


class Slice:
    """Consecutive records of one partition, and the offset to read next."""

    __slots__ = ("next_offset", "partition", "records")

    def __init__(self, partition: Partition, records: list[Record], next_offset: int) -> None:
        self.partition, self.records, self.next_offset = partition, records, next_offset


class Listener(Protocol):
    """Who is told of rebalances, from within :meth:`KafkaClient.poll`."""

    def assigned(
        self, partitions: Sequence[Partition], committed: Mapping[Partition, Optional[int]]
    ) -> Mapping[Partition, int]:
        """All partitions that are ours now, with what the group has committed; returns where to read each."""

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """These are about to be taken away; committing still works."""

    def lost(self, partitions: Sequence[Partition]) -> None:
        """These were taken away."""

    def position(self, partition: Partition, offset: int) -> None:
        """Everything before ``offset`` was read, although it ends without a record."""


class KafkaClient(Protocol):
    """A member of a consumer group. All calls come from one thread."""

    def open(self, listener: Listener) -> None:
        """Connect; raise ``StartupError`` if no broker answers."""

    def topics(self) -> Collection[str]:
        """The cluster's topics, internal ones left out."""

    def subscribe(self, topics: Sequence[str]) -> None:
        """Read these topics and no others."""

    def poll(self, timeout: float, most: int) -> Sequence[Slice]:
        """Records, at most about ``most``."""

    def offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, tuple[int, int]]:
        """First and end offset of each."""

    def partitions(self, topic: str) -> Sequence[Partition]:
        """All partitions of a topic, ours or not."""

    def committed(self, partitions: Sequence[Partition]) -> Mapping[Partition, Optional[int]]:
        """What the group has committed."""

    def commit(self, offsets: Mapping[Partition, int], *, wait: bool) -> None:
        """Commit; raise ``Retry`` if that fails."""

    def pause(self) -> None:
        """Fetch nothing, of partitions assigned later neither."""

    def resume(self) -> None:
        """Fetch again."""

    def highwater(self) -> Mapping[Partition, int]:
        """End offsets as last heard; never blocks."""

    def close(self) -> None:
        """Leave the group."""


def security(config: Any, names: Mapping[str, str]) -> dict[str, Any]:
    """The security options as a client library wants them; those that are not set are left out.

    Args:
        config: The plugin's options.
        names: What the library calls protocol, mechanism, username, password, ca, cert, key, key_password.
    """
    tls = config.tls_enable if config.enable_tls is None else config.enable_tls
    if tls is None:
        # Telegraf's rule: any tls_ option that is set means TLS.
        tls = bool(config.tls_ca or config.tls_cert or config.tls_server_name or config.insecure_skip_verify)
    mechanism = config.sasl_mechanism or ("PLAIN" if config.sasl_username else "")
    values = {
        "protocol": ("SASL_" if mechanism else "") + ("SSL" if tls else "PLAINTEXT"),
        "mechanism": mechanism,
        "username": config.sasl_username.get(),
        "password": config.sasl_password.get(),
        "ca": config.tls_ca,
        "cert": config.tls_cert,
        "key": config.tls_key,
        "key_password": config.tls_key_pwd.get(),
    }
    return {name: values[key] for key, name in names.items() if values[key]}
