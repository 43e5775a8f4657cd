"""Reads topics of Kafka as a member of a consumer group."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from plugins.common.kafka.client import KafkaClient, Partition, Slice
from plugins.common.kafka.options import REFUSED, KafkaConsumerConfig
from plugins.common.tls import check_tls
from pyagent import ConfigError, Metric, MetricBatch, Record, RecordChunk, Retry, StreamInput

_MECHANISMS = ("", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
_hinted = False


class KafkaConsumer(StreamInput[KafkaConsumerConfig]):
    """Kafka to metrics, at least once. The runtime decides what is committed, and when."""

    uses_parser = True
    startup_error_default = "retry"

    @classmethod
    def times_from_record(cls, config: KafkaConsumerConfig) -> bool:
        return config.timestamp_source != "metric"

    def init(self) -> None:
        options = self.config
        self._client: Optional[KafkaClient] = None
        self._topics: list[str] = []
        self._initial: frozenset[str] = frozenset()
        self._looked = 0.0
        self._subscribed = False
        self._trouble = ""
        self._read: dict[Partition, tuple[int, Optional[int]]] = {}
        if not options.brokers:
            raise ConfigError('names no broker; write brokers = ["host:9092"]', key="brokers")
        if not options.topics and not options.topic_regexps:
            raise ConfigError("names no topic, and there are no topic_regexps", key="topics")
        if options.sasl_mechanism not in _MECHANISMS:
            raise ConfigError(
                f"is {options.sasl_mechanism}; supported: {', '.join(_MECHANISMS[1:])}", key="sasl_mechanism"
            )
        for key in REFUSED:
            if getattr(options, key):
                raise ConfigError("is not supported yet by either Kafka client here; take it out", key=key)
        check_tls(options)
        if options.sasl_mechanism == "OAUTHBEARER" and not options.sasl_access_token:
            raise ConfigError("is OAUTHBEARER, which needs sasl_access_token", key="sasl_mechanism")
        self._patterns = [self._compile(pattern) for pattern in options.topic_regexps]
        self.max_undelivered = options.max_undelivered_messages or None
        found = importlib.util.find_spec("confluent_kafka") is not None
        if options.client == "confluent" and not found:
            raise ConfigError("is confluent, which is not installed: pip install confluent-kafka", key="client")
        self._confluent = options.client == "confluent" or (options.client == "auto" and found)
        self._only_pure()
        headers = [name for name in options.msg_headers_as_tags if name != options.msg_header_as_metric_name]
        self._header_tags = frozenset(headers)
        self._decorated = bool(
            headers
            or options.msg_header_as_metric_name
            or options.metadata_as_tags
            or options.metadata_as_fields
            or options.timestamp_source != "metric"
        )
        if options.timestamp_source == "outer":
            self.log.warning('timestamp_source = "outer" is taken as "inner": modern batches have no other time')

    def _only_pure(self) -> None:
        """What librdkafka cannot do is done by kafka-python, unless confluent was asked for by name."""
        options = self.config
        wants = {
            "balance_strategy": options.balance_strategy == "sticky",
            "tls_server_name": bool(options.tls_server_name),
            "tls_min_version": options.tls_min_version.upper() not in ("", "TLS12"),
        }
        for key in [key for key, wanted in wants.items() if wanted and self._confluent]:
            if options.client == "confluent":
                raise ConfigError(f'is "{getattr(options, key)}", which only client = "kafka-python" can do', key=key)
            self._confluent = False

    @staticmethod
    def _compile(pattern: str) -> Any:
        try:
            import re2 as engine
        except ImportError:
            import re as engine  # type: ignore[no-redef]
        try:
            return engine.compile(pattern)
        except engine.error as error:
            raise ConfigError(
                f'has "{pattern}", which is no regular expression: {error}', key="topic_regexps"
            ) from error

    # -- life

    def open(self) -> None:
        global _hinted
        client: KafkaClient
        if self._confluent:
            from plugins.common.kafka.librdkafka import LibrdkafkaClient

            client = LibrdkafkaClient(self.config, self.log, self.runtime.queue_bytes)
        else:
            from plugins.common.kafka.pure import PureClient

            client = PureClient(self.config, self.log, self.runtime.queue_bytes)
            if self.config.client == "auto" and not _hinted:
                _hinted = True
                self.log.info(
                    "reading with kafka-python; the extra `confluent` (pip install confluent-kafka) is faster"
                )
        client.open(self)
        self._client = client

    def close(self) -> None:
        if getattr(self, "_client", None) is not None:
            self._client.close()  # type: ignore[union-attr]
            self._client = None
            self._subscribed = False
            self._topics = []

    def _find_topics(self) -> None:
        """Subscribe to what there is now; later calls pick up new topics."""
        assert self._client is not None
        self._looked = time.monotonic()
        topics = list(self.config.topics)
        if self._patterns:
            found = sorted(self._client.topics())
            topics += [t for t in found if t not in topics and any(p.search(t) for p in self._patterns)]
        if topics != self._topics:
            new = [topic for topic in topics if topic not in self._topics]
            if self._topics and new:
                self.log.info("new topics: %s", ", ".join(new))
            self._topics = topics
            if topics:
                self._client.subscribe(topics)

    # -- reading

    def poll(self, timeout: float) -> Sequence[RecordChunk]:
        client = self._client
        if client is None:
            return []
        if not self._subscribed:
            # Not in open: while a reload tries its new pipeline, the old one keeps its place in the group.
            self._find_topics()
            self._initial = frozenset(self._topics)
            self._subscribed = True
        elif self._patterns and time.monotonic() - self._looked >= self.config.topic_refresh.seconds:
            self._find_topics()
        if not self._topics:
            time.sleep(timeout)
            return []
        try:
            return [self._chunk(found) for found in client.poll(timeout, self.config.max_poll_records)]
        except Retry as error:
            if error.reason != self._trouble:  # it comes again with every turn
                self._trouble = error.reason
                self.log.error("reading failed, trying again: %s", error.reason)
            time.sleep(timeout)
            return []

    def _chunk(self, found: Slice) -> RecordChunk:
        rejected: dict[int, str] = {}
        skipped: list[int] = []
        most = self.config.max_message_len
        for index, record in enumerate(found.records):
            payload = record.payload
            if not payload:
                if self.config.tombstones == "dead_letter":
                    rejected[index] = "the message has no value (a tombstone)"
                else:
                    skipped.append(index)
            elif most and len(payload) > most:
                rejected[index] = f"message exceeds max_message_len (actual {len(payload)}, max {most})"
        self._read[found.partition] = (found.next_offset, found.records[-1].time)
        return RecordChunk(found.records, found.partition, found.next_offset, rejected, skipped)

    def decorate(self, batch: MetricBatch, chunk: RecordChunk) -> MetricBatch:
        options = self.config
        if self._decorated:
            metrics = batch.metrics
            for metric in metrics:
                if metric.origin is not None:
                    self._decorate(metric, metric.origin.record)
            batch = MetricBatch(metrics)
        if options.topic_tag and chunk.partition is not None:
            batch = batch.set_tags({options.topic_tag: chunk.partition[0]})
        return batch

    def _decorate(self, metric: Metric, record: Record) -> None:
        options = self.config
        for name, value in record.headers:
            if value is None:
                continue
            if name in self._header_tags:
                metric.tags[name] = value.decode("utf-8", "replace")
            if name == options.msg_header_as_metric_name:
                metric.name = value.decode("utf-8", "replace") or metric.name
        values: dict[str, Any] = {
            "key": None if record.key is None else record.key.decode("utf-8", "replace"),
            "partition": record.partition,
            "offset": record.offset,
            "timestamp": record.time,
        }
        for name in options.metadata_as_tags:
            if values[name] is not None:
                metric.tags[name] = str(values[name])
        for name in options.metadata_as_fields:
            if values[name] is not None:
                metric.fields[name] = values[name]
        if options.timestamp_source != "metric" and record.time is not None:
            metric.time = record.time

    def pause(self) -> None:
        if self._client is not None:
            self._client.pause()

    def resume(self) -> None:
        if self._client is not None:
            self._client.resume()

    def commit(self, positions: Mapping[Any, int], *, wait: bool) -> None:
        if self._client is None:
            raise Retry("not connected")
        self._client.commit(positions, wait=wait)

    def lag(self) -> Mapping[Any, tuple[int, Optional[float]]]:
        found: dict[Partition, tuple[int, Optional[float]]] = {}
        client = self._client
        if client is None:
            return found
        for partition, end in client.highwater().items():
            offset, stamp = self._read.get(partition, (None, None))
            if offset is not None:
                behind = max(end - offset, 0)
                seconds = 0.0 if not behind else None if stamp is None else max(time.time() - stamp / 1e9, 0.0)
                found[partition] = (behind, seconds)
        return found

    # -- Listener: called by the client from within poll

    def assigned(
        self, partitions: Sequence[Partition], committed: Mapping[Partition, Optional[int]]
    ) -> Mapping[Partition, int]:
        """Kept partitions go on where reading was, others at the committed offset, new ones as ``offset`` says."""
        wanted = self.runtime.on_assigned(partitions)
        starts: dict[Partition, int] = {}
        fresh: list[Partition] = []
        for partition in partitions:
            position = wanted.get(partition)
            position = committed.get(partition) if position is None else position
            if position is None:
                fresh.append(partition)
            else:
                starts[partition] = position
        if fresh and self.config.offset == "newest":
            starts.update(self._start_fresh(fresh))
        self._read = {p: at for p, at in self._read.items() if p in set(partitions)}
        self.log.debug("assigned: %s", ", ".join(f"{t}[{n}]" for t, n in partitions) or "nothing")
        return starts

    def _start_fresh(self, fresh: Sequence[Partition]) -> Mapping[Partition, int]:
        """``offset = "newest"``: begin at the end, and commit that at once, so that a crash skips nothing.

        A topic of which the group has committed something is not new to it: its new partitions, like topics
        found while running, begin at the oldest record.
        """
        assert self._client is not None
        starts: dict[Partition, int] = {}
        for topic in sorted({topic for topic, _ in fresh}):
            mine = [partition for partition in fresh if partition[0] == topic]
            everywhere = self._client.partitions(topic) or mine
            committed = self._client.committed(everywhere)
            known = any(offset is not None for offset in committed.values())
            bounds = self._client.offsets(everywhere)
            # A member that joined with us may have committed for all since our partitions were looked up.
            for partition in [p for p in mine if committed.get(p) is not None]:
                starts[partition] = committed[partition]  # type: ignore[assignment]  # tested just above
                mine.remove(partition)
            if not mine:
                continue
            if known or topic not in self._initial:
                starts.update({p: bounds[p][0] for p in mine})
                continue
            # All partitions, also those of members that join with us: they must not take theirs for a later one.
            if self.runtime.commits:
                self._client.commit({p: bounds[p][1] for p in everywhere}, wait=True)
            starts.update({p: bounds[p][1] for p in mine})
        return starts

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Flush and commit before they are given up."""
        self.runtime.on_revoked(partitions, 10.0)

    def lost(self, partitions: Sequence[Partition]) -> None:
        """Forget them."""
        self.runtime.on_lost(partitions)

    def position(self, partition: Partition, offset: int) -> None:
        """Transaction markers passed."""
        self.runtime.on_position(partition, offset)
        _, stamp = self._read.get(partition, (0, None))
        self._read[partition] = (offset, stamp)
