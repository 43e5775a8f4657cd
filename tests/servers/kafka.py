"""Apache Kafka, from the jars of Maven Central."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tests.servers.ports import free_ports
from tests.servers.processes import Process, ServerMissing

KAFKA_VERSION = "4.1.0"
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>tests</groupId><artifactId>kafka-server</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{v}</version></dependency>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{v}</version></dependency>
</dependencies></project>"""


def kafka_jars():
    """The folder with the broker's jars, fetched once with Maven into the user's cache."""
    if shutil.which("java") is None:
        raise ServerMissing("Apache Kafka needs java, which is not on PATH (Debian: default-jre-headless)")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "pyagent-tests" / f"kafka-{KAFKA_VERSION}"
    libs = folder / "libs"
    if not any(libs.glob("kafka_*.jar")):
        _fetch(folder, libs)
    return libs


def _fetch(folder, libs):
    """Fill ``libs`` at one stroke: an interrupted fetch, or another test run's, leaves no half of it."""
    if shutil.which("mvn") is None:
        raise ServerMissing("Apache Kafka's jars are fetched by mvn, which is not on PATH (Debian: maven)")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        (work / "pom.xml").write_text(_POM.format(v=KAFKA_VERSION))
        try:
            done = subprocess.run(
                ["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={work / 'libs'}"],
                cwd=work, capture_output=True, text=True, timeout=600,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ServerMissing("Apache Kafka's jars cannot be fetched: mvn took over 10 minutes") from None
        if done.returncode:
            raise ServerMissing(f"Apache Kafka's jars cannot be fetched: {done.stdout[-300:]}")
        try:
            (work / "libs").rename(libs)
        except OSError:  # another run was faster
            if not any(libs.glob("kafka_*.jar")):
                raise


class KafkaBroker(Process):
    """What tests ask of any broker that speaks Kafka's protocol at ``bootstrap``."""

    bootstrap = ""
    _admin = None

    def admin(self):
        from confluent_kafka.admin import AdminClient

        if self._admin is None:  # kept: one that is collected takes its unfinished requests with it
            self._admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        return self._admin

    def create(self, topic, partitions=4):
        from confluent_kafka.admin import NewTopic

        for future in self.admin().create_topics([NewTopic(topic, partitions, 1)]).values():
            future.result(20)

    def produce(self, topic, messages, **settings):
        """Messages are values, or dicts with what ``Producer.produce`` takes."""
        from confluent_kafka import Producer

        producer = Producer(
            {"bootstrap.servers": self.bootstrap, "linger.ms": 5, "queue.buffering.max.messages": 2_000_000, **settings}
        )
        failed = []
        for count, message in enumerate(messages):
            given = message if isinstance(message, dict) else {"value": message}
            producer.produce(topic, on_delivery=lambda error, _: error and failed.append(error), **given)
            if count % 1000 == 0:
                producer.poll(0)
        producer.flush(60)
        assert not failed, failed[:3]

    def lag(self, group, topic):
        """Records that the group has not committed yet."""
        from confluent_kafka import Consumer, KafkaException, TopicPartition

        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group, "log_level": 0})
        try:
            for _ in range(50):  # the broker may still be choosing the group's coordinator
                try:
                    consumer.committed([TopicPartition(topic, 0)], timeout=10)
                    break
                except KafkaException:
                    time.sleep(0.2)
            numbers = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            total = 0
            for tp in consumer.committed([TopicPartition(topic, n) for n in numbers], timeout=10):
                low, high = consumer.get_watermark_offsets(tp, timeout=10)
                total += high - (tp.offset if tp.offset >= 0 else low)
            return total
        finally:
            consumer.close()


class KafkaServer(KafkaBroker):
    """One Apache Kafka broker in KRaft mode; its data survives stop, kill and start.

    Properties are given as keywords with ``_`` for ``.``: ``KafkaServer(folder, log_retention_ms=1000)``. ``scram``
    are users as ``StorageTool --add-scram`` takes them.
    """

    def __init__(self, folder, *, scram=(), **overrides):
        super().__init__(folder)
        self.libs = kafka_jars()
        self.port, controller = free_ports(2)
        self.bootstrap = f"127.0.0.1:{self.port}"
        properties = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": str(self.folder / "data"),
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "2",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "2",
            "group.initial.rebalance.delay.ms": "0",
            "num.partitions": "4",
            **{key.replace("_", "."): value for key, value in overrides.items()},
        }
        text = "".join(f"{key}={value}\n" for key, value in properties.items())
        (self.folder / "server.properties").write_text(text)
        self._java(
            "kafka.tools.StorageTool",
            "format",
            "-t",
            "AAAAAAAAAAAAAAAAAAAAAA",
            "-c",
            "server.properties",
            "--standalone",
            *[word for user in scram for word in ("--add-scram", user)],
        )

    def _java(self, *words):
        command = ["java", "-Xmx300m", "-cp", f"{self.libs}/*", *words]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=120)

    def _start(self):
        self.launch(
            ["java", "-Xmx500m", "-XX:TieredStopAtLevel=1", "-cp", f"{self.libs}/*", "kafka.Kafka", "server.properties"]
        )
        self.ready(lambda: self.admin().list_topics(timeout=2))
