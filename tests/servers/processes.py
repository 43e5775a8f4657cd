"""Starts real servers on free ports of this machine: Apache Kafka, InfluxDB 1.x, VictoriaMetrics."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

KAFKA_VERSION = "4.1.0"
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>tests</groupId><artifactId>kafka-server</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{v}</version></dependency>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{v}</version></dependency>
</dependencies></project>"""


class ServerMissing(Exception):
    """A server cannot be had on this machine; the message says why."""


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def kafka_jars():
    """The folder with the broker's jars, fetched once with Maven into the user's cache."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            raise ServerMissing(f"Apache Kafka needs {tool}, which is not on PATH")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "pyagent-tests" / f"kafka-{KAFKA_VERSION}"
    libs = folder / "libs"
    if not any(libs.glob("kafka_*.jar")):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pom.xml").write_text(_POM.format(v=KAFKA_VERSION))
        done = subprocess.run(
            ["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={libs}"],
            cwd=folder, capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        if done.returncode:
            raise ServerMissing(f"Apache Kafka's jars cannot be fetched: {done.stdout[-300:]}")
    return libs


class Process:
    """A server process with a folder of its own."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = None

    def launch(self, command):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder)

    def ready(self, test, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"it ended: {(self.folder / 'log').read_text()[-800:]}")
            try:
                return test()
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)


class KafkaServer(Process):
    """One broker in KRaft mode; data survives stop and start."""

    def __init__(self, folder, **overrides):
        super().__init__(folder)
        self.libs = kafka_jars()
        self.port, controller = free_port(), free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self._admin = None
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
        )

    def _java(self, *words):
        command = ["java", "-Xmx300m", "-cp", f"{self.libs}/*", *words]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=120)

    def start(self):
        self.launch(
            ["java", "-Xmx500m", "-XX:TieredStopAtLevel=1", "-cp", f"{self.libs}/*", "kafka.Kafka", "server.properties"]
        )
        self.ready(lambda: self.admin().list_topics(timeout=2))
        return self

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


class InfluxDBServer(Process):
    """InfluxDB 1.x."""

    def __init__(self, folder):
        super().__init__(folder)
        if shutil.which("influxd") is None:
            raise ServerMissing("influxd is not on PATH (Debian: influxdb)")
        version = subprocess.run(["influxd", "version"], capture_output=True, text=True, timeout=20).stdout
        if " v1." not in version and "1.6" not in version:
            raise ServerMissing(f"influxd is no 1.x: {version.strip()}")
        self.port, rpc = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (self.folder / "influxdb.conf").write_text(
            f'reporting-disabled = true\nbind-address = "127.0.0.1:{rpc}"\n'
            f'[meta]\ndir = "{self.folder}/meta"\n[data]\ndir = "{self.folder}/data"\nwal-dir = "{self.folder}/wal"\n'
            f'[http]\nbind-address = "127.0.0.1:{self.port}"\nlog-enabled = false\n'
        )

    def start(self):
        self.launch(["influxd", "run", "-config", "influxdb.conf"])
        self.ready(lambda: self.query("SHOW DATABASES"))
        return self

    def query(self, text, database=""):
        address = f"{self.url}/query?" + urllib.parse.urlencode({"q": text, "db": database, "epoch": "ns"})
        request = urllib.request.Request(address, data=b"")
        with urllib.request.urlopen(request, timeout=60) as answer:
            result = json.load(answer)["results"][0]
        if "database not found" in result.get("error", ""):
            return []
        assert "error" not in result, result
        return [row for series in result.get("series", ()) for row in series["values"]]

    def count(self, database, measurement, field):
        rows = self.query(f'SELECT count("{field}") FROM "{measurement}"', database)
        return rows[0][1] if rows else 0


class VictoriaMetricsServer(Process):
    """A store with InfluxDB 2's write endpoint."""

    def __init__(self, folder):
        super().__init__(folder)
        if shutil.which("victoria-metrics") is None:
            raise ServerMissing("victoria-metrics is not on PATH (Debian: victoria-metrics)")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        self.launch(
            [
                "victoria-metrics",
                f"-httpListenAddr=127.0.0.1:{self.port}",
                f"-storageDataPath={self.folder}/data",
                "-retentionPeriod=100y",
            ]
        )
        self.ready(lambda: urllib.request.urlopen(f"{self.url}/health", timeout=2).read())
        return self

    def samples(self, name):
        """All samples of a series name: (labels, time in ms, value)."""
        urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=20).read()
        address = f"{self.url}/api/v1/export?" + urllib.parse.urlencode({"match[]": name, "start": "0"})
        with urllib.request.urlopen(address, timeout=60) as answer:
            series = [json.loads(line) for line in answer]
        return [(s["metric"], t, v) for s in series for t, v in zip(s["timestamps"], s["values"])]
