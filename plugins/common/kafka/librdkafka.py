"""confluent-kafka: librdkafka, about three times as fast; an extra."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Optional

from plugins.common.kafka.client import Listener, Partition, Slice, security
from plugins.common.kafka.library_log import LibraryLog
from plugins.common.tls import cipher_string
from pyagent import Record, Retry, StartupError

__all__ = ["LibrdkafkaClient"]

_SECONDS = 10.0
#: How long ``open`` waits for a first answer; the runtime tries again.
_OPEN_SECONDS = 5.0


class LibrdkafkaClient:
    """The adapter over ``confluent_kafka.Consumer``."""

    def __init__(self, config: Any, log: Any, queue_bytes: int) -> None:
        self._config = config
        self._queue_bytes = queue_bytes
        self._log = log
        self._consumer: Any = None
        self._listener: Optional[Listener] = None
        self._paused = False
        self._mine: list[Partition] = []
        self._eof: int = -191
        self._library_log = LibraryLog(log, "librdkafka")

    def open(self, listener: Listener) -> None:
        import confluent_kafka

        config = self._config
        self._eof = confluent_kafka.KafkaError._PARTITION_EOF
        settings: dict[str, Any] = {
            "bootstrap.servers": ",".join(config.brokers),
            "client.id": config.client_id,
            "group.id": config.consumer_group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest" if config.offset == "oldest" else "latest",
            "partition.assignment.strategy": {"range": "range", "roundrobin": "roundrobin"}.get(
                config.balance_strategy, "range"
            ),
            "session.timeout.ms": int(config.session_timeout.seconds * 1000),
            "heartbeat.interval.ms": int(config.session_timeout.seconds * 1000 / 3),
            "max.partition.fetch.bytes": int(config.consumer_fetch_default),
            "fetch.min.bytes": int(config.consumer_fetch_min),
            "fetch.wait.max.ms": int(config.consumer_fetch_max_wait.seconds * 1000),
            # The default of a second caps reading at what the local queue holds per second.
            "fetch.queue.backoff.ms": 10,
            "queued.min.messages": 20000,
            "queued.max.messages.kbytes": self._queue_bytes // 1024,
            "fetch.max.bytes": max(self._queue_bytes, 1 << 20),
            "message.max.bytes": 1_000_000,  # fetch.max.bytes may not be below it; larger records are read all the same
            "isolation.level": config.isolation_level,
            "topic.metadata.refresh.interval.ms": int(config.topic_refresh.seconds * 1000),
            "allow.auto.create.topics": False,
            "error_cb": self._error,
            "logger": self._library_log.logger,
            **self._security(),
        }
        if config.group_instance_id:
            settings["group.instance.id"] = config.group_instance_id
        self._consumer = confluent_kafka.Consumer(settings)
        try:
            self._consumer.list_topics(timeout=_OPEN_SECONDS)
        except confluent_kafka.KafkaException as error:
            self.close()
            raise StartupError(f"no broker of {', '.join(config.brokers)} answers: {error.args[0]}") from error
        self._listener = listener

    def _security(self) -> dict[str, Any]:
        settings = security(
            self._config,
            {
                "protocol": "security.protocol",
                "mechanism": "sasl.mechanism",
                "username": "sasl.username",
                "password": "sasl.password",
                "ca": "ssl.ca.location",
                "cert": "ssl.certificate.location",
                "key": "ssl.key.location",
                "key_password": "ssl.key.password",
            },
        )
        if self._config.insecure_skip_verify:
            settings["enable.ssl.certificate.verification"] = False
        ciphers = cipher_string(self._config.tls_cipher_suites)
        if ciphers:
            settings["ssl.cipher.suites"] = ciphers
        if self._config.sasl_mechanism == "OAUTHBEARER":
            config = self._config
            # librdkafka asks again shortly before the time given: a static token is good until it is refused.
            settings["oauth_cb"] = lambda _: (
                config.sasl_access_token.get(),
                time.time() + 3600,
                "",
                dict(config.sasl_extensions),
            )
        return settings

    def _error(self, error: Any) -> None:
        self._library_log.logger.warning("%s", error.str() if hasattr(error, "str") else error)

    def topics(self) -> Collection[str]:
        found = self._consumer.list_topics(timeout=_SECONDS).topics
        return [topic for topic in found if not topic.startswith("__")]

    def subscribe(self, topics: Sequence[str]) -> None:
        self._consumer.subscribe(list(topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost)

    def _assigned(self, consumer: Any, assigned: list[Any]) -> None:
        partitions = [(tp.topic, tp.partition) for tp in assigned]
        self._mine = partitions
        if self._listener is None:
            return
        starts = self._listener.assigned(partitions, self.committed(partitions))
        for tp in assigned:
            offset = starts.get((tp.topic, tp.partition))
            if offset is not None:
                tp.offset = offset
        consumer.assign(assigned)
        if self._paused:
            self.pause()

    def _revoked(self, consumer: Any, revoked: list[Any]) -> None:
        if self._listener is not None and revoked:
            self._listener.revoked([(tp.topic, tp.partition) for tp in revoked])
        self._mine = []
        consumer.unassign()

    def _lost(self, consumer: Any, lost: list[Any]) -> None:
        if self._listener is not None and lost:
            self._listener.lost([(tp.topic, tp.partition) for tp in lost])
        self._mine = []
        consumer.unassign()

    def poll(self, timeout: float, most: int) -> Sequence[Slice]:
        import confluent_kafka

        try:
            messages = self._consumer.consume(min(most, 10000), timeout)
        except confluent_kafka.KafkaException as error:
            raise Retry(str(error.args[0])) from error
        by_partition: dict[Partition, list[Record]] = {}
        ends: dict[Partition, int] = {}
        for message in messages:
            trouble = message.error()
            if trouble is not None:
                if trouble.code() == self._eof:
                    ends[(message.topic(), message.partition())] = message.offset()
                else:
                    self._error(trouble)
                continue
            partition = (message.topic(), message.partition())
            by_partition.setdefault(partition, []).append(_record(message, partition))
        slices = [Slice(p, records, (records[-1].offset or 0) + 1) for p, records in by_partition.items()]
        if self._listener is not None:
            for partition, end in ends.items():
                if partition not in by_partition:
                    self._listener.position(partition, end)
                else:
                    slice_ = next(s for s in slices if s.partition == partition)
                    slice_.next_offset = max(slice_.next_offset, end)
        return slices

    def partitions(self, topic: str) -> Sequence[Partition]:
        found = self._consumer.list_topics(topic, timeout=_SECONDS).topics.get(topic)
        return [(topic, number) for number in found.partitions] if found is not None else []

    def offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, tuple[int, int]]:
        return {p: self._consumer.get_watermark_offsets(_tp(p), timeout=_SECONDS) for p in partitions}

    def committed(self, partitions: Sequence[Partition]) -> Mapping[Partition, Optional[int]]:
        found = self._consumer.committed([_tp(p) for p in partitions], timeout=_SECONDS) if partitions else []
        return {(tp.topic, tp.partition): tp.offset if tp.offset >= 0 else None for tp in found}

    def commit(self, offsets: Mapping[Partition, int], *, wait: bool) -> None:
        import confluent_kafka

        values = [_tp(partition, offset) for partition, offset in offsets.items()]
        try:
            done = self._consumer.commit(offsets=values, asynchronous=not wait)
        except confluent_kafka.KafkaException as error:
            raise Retry(str(error.args[0])) from error
        for tp in done or ():
            if tp.error is not None:
                raise Retry(str(tp.error))

    def pause(self) -> None:
        self._paused = True
        if self._mine:
            self._consumer.pause([_tp(p) for p in self._mine])

    def resume(self) -> None:
        self._paused = False
        if self._mine:
            self._consumer.resume([_tp(p) for p in self._mine])

    def highwater(self) -> Mapping[Partition, int]:
        found = {}
        for partition in list(self._mine):
            _, high = self._consumer.get_watermark_offsets(_tp(partition), cached=True)
            if high >= 0:
                found[partition] = high
        return found

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None


def _tp(partition: Partition, offset: Optional[int] = None) -> Any:
    from confluent_kafka import TopicPartition

    return TopicPartition(*partition) if offset is None else TopicPartition(*partition, offset)


def _record(message: Any, partition: Partition) -> Record:
    kind, stamp = message.timestamp()
    return Record(
        message.value(),
        topic=partition[0],
        partition=partition[1],
        offset=message.offset(),
        key=message.key(),
        headers=message.headers() or (),
        time=stamp * 1_000_000 if kind else None,
    )
