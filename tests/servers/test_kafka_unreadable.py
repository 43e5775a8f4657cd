"""A batch that cannot be unpacked: its partition waits, named; nothing hangs and nothing is skipped."""

from __future__ import annotations

import time
import uuid

import pytest

from plugins.inputs.kafka_consumer import KafkaConsumer
from pyagent.testing import make_plugin

pytestmark = [pytest.mark.server, pytest.mark.timeout(90)]


class Runtime:
    commits = True
    queue_bytes = 16 << 20

    def on_assigned(self, partitions):
        return dict.fromkeys(partitions)

    def on_revoked(self, partitions, timeout):
        pass

    def on_lost(self, partitions):
        pass

    def on_position(self, partition, position):
        self.passed = {**getattr(self, "passed", {}), partition: position}


def read(made, seconds, enough):
    """Offsets by partition number."""
    found = {}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and sum(map(len, found.values())) < enough:
        for chunk in made.poll(0.2):
            found.setdefault(chunk.partition[1], []).extend(chunk.record(i).offset for i in range(len(chunk)))
    return found


def test_a_missing_codec_is_named_and_holds_its_partition_alone(kafka, monkeypatch, caplog):
    codecs = pytest.importorskip("kafka.record.default_records").codecs
    topic = "t" + uuid.uuid4().hex[:10]
    kafka.create(topic, 2)
    kafka.produce(topic, [{"value": b"v", "partition": 0} for _ in range(30)])
    kafka.produce(topic, [{"value": b"x" * 200, "partition": 0} for _ in range(20)], **{"compression.type": "zstd"})
    kafka.produce(topic, [{"value": b"v", "partition": 1} for _ in range(40)])
    monkeypatch.setattr("plugins.common.kafka.pure._UNREADABLE", 1.0)
    made = make_plugin(
        KafkaConsumer, brokers=[kafka.bootstrap], topics=[topic], client="kafka-python", consumer_group=topic
    )
    made.runtime = Runtime()
    made.open()
    try:
        with monkeypatch.context() as without:
            without.setattr(codecs, "has_zstd", lambda: False)
            found = read(made, 12, 1000)
        assert found == {0: list(range(30)), 1: list(range(40))}
        assert made.runtime.passed[(topic, 0)] <= 30
        assert f"topic {topic} partition 0 waits at offset 30" in caplog.text
        assert "pip install" in caplog.text
        assert read(made, 20, 20) == {0: list(range(30, 50))}  # the codec is there now: nothing was skipped
    finally:
        made.close()
