"""kafka-python: pure Python, always installed, the one for PyPy."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Optional

from plugins.common.kafka.client import Listener, Partition, Slice, security
from plugins.common.kafka.library_log import LibraryLog
from plugins.common.tls import client_context
from pyagent import Record, Retry, StartupError

__all__ = ["PureClient"]


#: How long ``open`` waits for a first answer; the runtime tries again.
_OPEN_SECONDS = 5
#: A partition whose next batch cannot be read is asked for again after so many seconds.
_UNREADABLE = 10.0


class PureClient:
    """The adapter over ``kafka.KafkaConsumer``."""

    def __init__(self, config: Any, log: Any, queue_bytes: int) -> None:
        self._config = config
        self._queue_bytes = queue_bytes
        self._log = log
        self._consumer: Any = None
        self._listener: Optional[Listener] = None
        self._paused = False
        self._mine: set[Partition] = set()
        #: Partitions set aside since their next batch cannot be read, and until when.
        self._aside: dict[Partition, float] = {}

    def open(self, listener: Listener) -> None:
        import kafka
        from kafka.coordinator.assignors.range import RangePartitionAssignor
        from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
        from kafka.errors import KafkaError

        LibraryLog(self._log, "kafka")
        config = self._config
        assignors = {"range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor}
        if config.balance_strategy == "sticky":
            from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

            assignors["sticky"] = StickyPartitionAssignor
        settings: dict[str, Any] = {
            "bootstrap_servers": list(config.brokers),
            "client_id": config.client_id,
            "group_id": config.consumer_group,
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest" if config.offset == "oldest" else "latest",
            "partition_assignment_strategy": [assignors[config.balance_strategy]],
            "session_timeout_ms": int(config.session_timeout.seconds * 1000),
            "heartbeat_interval_ms": int(config.session_timeout.seconds * 1000 / 3),
            "max_partition_fetch_bytes": int(config.consumer_fetch_default),
            "fetch_max_bytes": self._queue_bytes,
            "fetch_min_bytes": int(config.consumer_fetch_min),
            "fetch_max_wait_ms": int(config.consumer_fetch_max_wait.seconds * 1000),
            "isolation_level": config.isolation_level,
            "metadata_max_age_ms": int(config.topic_refresh.seconds * 1000),
            "max_poll_records": config.max_poll_records,
            **self._security(),
        }
        if config.group_instance_id:
            settings["group_instance_id"] = config.group_instance_id
        if "bootstrap_timeout_ms" in kafka.KafkaConsumer.DEFAULT_CONFIG:  # from 3.0 on
            settings["bootstrap_timeout_ms"] = _OPEN_SECONDS * 1000
        try:
            self._consumer = kafka.KafkaConsumer(**settings)
        except KafkaError as error:
            raise StartupError(
                f"no broker of {', '.join(config.brokers)} answers: {type(error).__name__} {error}".strip()
            ) from error
        self._listener = listener

    def _security(self) -> dict[str, Any]:
        config = self._config
        settings = security(
            config,
            {
                "protocol": "security_protocol",
                "mechanism": "sasl_mechanism",
                "username": "sasl_plain_username",
                "password": "sasl_plain_password",
            },
        )
        if settings["security_protocol"].endswith("SSL"):
            settings["ssl_context"] = client_context(config)
            settings["ssl_check_hostname"] = not config.insecure_skip_verify
        if config.sasl_mechanism == "OAUTHBEARER":
            settings["sasl_oauth_token_provider"] = _token_provider(config)
        return settings

    def topics(self) -> Collection[str]:
        return [topic for topic in self._consumer.topics() if not topic.startswith("__")]

    def subscribe(self, topics: Sequence[str]) -> None:
        self._consumer.subscribe(topics=list(topics), listener=self._rebalance_listener())

    def _rebalance_listener(self) -> Any:
        """Listeners may block (flush, commit, look up offsets).

        From 3.0 on they are called by the client's own network thread, which must not: there a thread of ours
        does the work while the network thread goes on with heartbeats.
        """
        try:
            from kafka.consumer.subscription_state import AsyncConsumerRebalanceListener
        except ImportError:
            return self._blocking_listener()
        client, net = self, self._consumer._coordinator._net

        async def aside(work: Any, partitions: Any) -> None:
            failed: list[BaseException] = []

            def run() -> None:
                try:
                    work(partitions)
                except BaseException as error:
                    failed.append(error)

            thread = threading.Thread(target=run, name="kafka rebalance", daemon=True)
            thread.start()
            while thread.is_alive():
                await net.sleep(0.01)
            if failed:
                raise failed[0]

        class Rebalances(AsyncConsumerRebalanceListener):  # type: ignore[misc]
            async def on_partitions_revoked(self, revoked: Any) -> None:
                await aside(client._revoked, revoked)

            async def on_partitions_assigned(self, assigned: Any) -> None:
                await aside(client._assigned, assigned)

            async def on_partitions_lost(self, lost: Any) -> None:
                client._lost(lost)

        return Rebalances()

    def _blocking_listener(self) -> Any:
        from kafka import ConsumerRebalanceListener

        client = self

        class Rebalances(ConsumerRebalanceListener):  # type: ignore[misc]
            def on_partitions_revoked(self, revoked: Any) -> None:
                client._revoked(revoked)

            def on_partitions_assigned(self, assigned: Any) -> None:
                client._assigned(assigned)

            def on_partitions_lost(self, lost: Any) -> None:
                client._lost(lost)

        return Rebalances()

    def _lost(self, lost: Any) -> None:
        if self._listener is not None:
            self._listener.lost([(tp.topic, tp.partition) for tp in lost])

    def _revoked(self, revoked: Any) -> None:
        partitions = [(tp.topic, tp.partition) for tp in revoked]
        if partitions and self._listener is not None:
            self._listener.revoked(partitions)

    def _assigned(self, assigned: Any) -> None:
        partitions = [(tp.topic, tp.partition) for tp in assigned]
        self._mine = set(partitions)
        self._aside.clear()
        if self._listener is None:
            return
        starts = self._listener.assigned(partitions, self.committed(partitions))
        for partition, offset in starts.items():
            self._consumer.seek(_tp(partition), offset)
        if self._paused:
            self.pause()

    def poll(self, timeout: float, most: int) -> Sequence[Slice]:
        self._try_again()
        try:
            found = self._consumer.poll(timeout_ms=int(timeout * 1000), max_records=most)
        except Exception as error:
            raise self._unreadable(error) from error
        slices = []
        for tp, messages in found.items():
            if messages:
                records = [_record(message) for message in messages]
                slices.append(Slice((tp.topic, tp.partition), records, messages[-1].offset + 1))
        if not found and self._listener is not None and not self._paused:
            # The position also passes transaction markers, which come with no record.
            for partition, offset in self._position().items():
                self._listener.position(partition, offset)
        return slices

    def _position(self) -> dict[Partition, int]:
        """The next offset of each partition, as far as it is known; ``consumer.position`` would block for it."""
        found = {}
        for partition in sorted(self._mine):
            state = self._consumer._subscription.assignment.get(_tp(partition))
            position = getattr(state, "position", None)
            if position is not None:
                found[partition] = position.offset
        return found

    def _unreadable(self, error: Exception) -> Exception:
        """What to raise for an exception of ``KafkaConsumer.poll``; sets the guilty partition aside.

        A batch that cannot be unpacked (codec missing, checksum wrong) stays in the fetcher as an exhausted
        iterator, over which the next poll would spin for ever. It is thrown away: the position stands before
        it, so that it is fetched again and never skipped. The other partitions go on meanwhile.
        """
        from kafka.errors import KafkaError, UnsupportedCodecError

        fetcher = self._consumer._fetcher
        batch = getattr(fetcher, "_next_partition_records", None)
        if batch is None:
            return Retry(f"{type(error).__name__}: {error}") if isinstance(error, KafkaError) else error
        tp, offset = batch.topic_partition, batch.next_fetch_offset
        fetcher._next_partition_records = None
        self._aside[(tp.topic, tp.partition)] = time.monotonic() + _UNREADABLE
        if tp in self._consumer.assignment():
            self._consumer.pause(tp)
        reason = f"{type(error).__name__}: {error}"
        if isinstance(error, UnsupportedCodecError):
            reason += (
                "; install the codec: pip install 'kafka-python[lz4,snappy,zstd]', or use the package confluent-kafka"
            )
        return Retry(
            f"topic {tp.topic} partition {tp.partition} waits at offset {offset}: a batch cannot be read: {reason}"
        )

    def _try_again(self) -> None:
        """Read again what was set aside long enough."""
        if self._aside and not self._paused:
            now = time.monotonic()
            due = [partition for partition, at in self._aside.items() if at <= now]
            for partition in due:
                del self._aside[partition]
            wanted = [_tp(partition) for partition in due if partition in self._mine]
            if wanted:
                self._consumer.resume(*wanted)

    def partitions(self, topic: str) -> Sequence[Partition]:
        return [(topic, number) for number in self._consumer.partitions_for_topic(topic) or ()]

    def offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, tuple[int, int]]:
        keys = [_tp(partition) for partition in partitions]
        first, end = self._consumer.beginning_offsets(keys), self._consumer.end_offsets(keys)
        return {(tp.topic, tp.partition): (first[tp], end[tp]) for tp in keys}

    def committed(self, partitions: Sequence[Partition]) -> Mapping[Partition, Optional[int]]:
        return {partition: self._consumer.committed(_tp(partition)) for partition in partitions}

    def commit(self, offsets: Mapping[Partition, int], *, wait: bool) -> None:
        from kafka.errors import KafkaError
        from kafka.structs import OffsetAndMetadata

        values = {}
        for partition, offset in offsets.items():
            try:
                values[_tp(partition)] = OffsetAndMetadata(offset, "", -1)
            except TypeError:  # before 2.1 there was no leader epoch
                values[_tp(partition)] = OffsetAndMetadata(offset, "")
        try:
            if wait:
                self._consumer.commit(values)
            else:
                self._consumer.commit_async(values)
        except (KafkaError, AssertionError) as error:
            raise Retry(f"{type(error).__name__}: {error}") from error

    def pause(self) -> None:
        self._paused = True
        assignment = self._consumer.assignment()
        if assignment:
            self._consumer.pause(*assignment)

    def resume(self) -> None:
        self._paused = False
        paused = [tp for tp in self._consumer.paused() if (tp.topic, tp.partition) not in self._aside]
        if paused:
            self._consumer.resume(*paused)

    def highwater(self) -> Mapping[Partition, int]:
        found = {}
        for partition in list(self._mine):
            try:
                end = self._consumer.highwater(_tp(partition))
            except Exception:
                continue
            if end is not None:
                found[partition] = end
        return found

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close(autocommit=False)
            self._consumer = None


def _token_provider(config: Any) -> Any:
    try:
        from kafka.net.sasl.oauth import AbstractTokenProvider
    except ImportError:  # before 3.0
        from kafka.sasl.oauth import AbstractTokenProvider

    class Static(AbstractTokenProvider):  # type: ignore[misc]
        def token(self) -> str:
            return str(config.sasl_access_token.get())

        def extensions(self) -> dict[str, str]:
            return dict(config.sasl_extensions)

    return Static()


def _tp(partition: Partition) -> Any:
    from kafka import TopicPartition

    return TopicPartition(*partition)


def _record(message: Any) -> Record:
    return Record(
        message.value,
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        headers=message.headers or (),
        time=message.timestamp * 1_000_000 if message.timestamp is not None and message.timestamp >= 0 else None,
    )
