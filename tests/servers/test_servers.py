"""The servers that other tests stand on do what those tests take for granted."""

from __future__ import annotations

import sys
import urllib.request

import pytest

from tests.servers.influxdb import InfluxDBServer
from tests.servers.kafka import KafkaServer
from tests.servers.ports import free_ports
from tests.servers.processes import Process, ServerMissing, missing


def make(kind, *arguments, **options):
    try:
        return kind(*arguments, **options)
    except ServerMissing as absent:
        missing(str(absent))


@pytest.mark.server
def test_influxdb_has_its_points_after_kill_and_restart(tmp_path):
    server = make(InfluxDBServer, tmp_path).start()
    try:
        server.query('CREATE DATABASE "d"')
        request = urllib.request.Request(f"{server.url}/write?db=d", data=b"m a=1 1\nm a=2,b=3 2\n")
        urllib.request.urlopen(request, timeout=20).close()
        for end in (server.kill, server.stop):
            end()
            server.start()
            assert server.query("SELECT a FROM m", "d") == [[1, 1], [2, 2]]
        assert (server.count("d", "m", "a"), server.count("d", "m", "b"), server.count("d", "m", "c")) == (2, 1, 0)
        assert server.count("no_such", "m", "a") == 0
    finally:
        server.stop()


@pytest.mark.server
def test_kafka_has_its_records_after_kill_and_restart_and_takes_properties(tmp_path):
    server = make(KafkaServer, tmp_path, message_max_bytes=2_000_000).start()
    try:
        assert "message.max.bytes=2000000\n" in (tmp_path / "server.properties").read_text()
        server.create("t", 2)
        server.produce("t", [b"%d" % i for i in range(10)])
        server.kill()
        server.start()
        assert server.lag("nobody", "t") == 10
        server.restart()
        assert server.lag("nobody", "t") == 10
    finally:
        server.stop()


def test_tansu_keeps_what_it_takes(tansu):
    from confluent_kafka import Consumer, TopicPartition

    tansu.create("t", 1)
    tansu.produce("t", [b"%d" % i for i in range(500)])
    consumer = Consumer({"bootstrap.servers": tansu.bootstrap, "group.id": "g", "enable.auto.commit": False})
    try:
        consumer.assign([TopicPartition("t", 0, 0)])
        read = []
        while len(read) < 500:
            (message,) = consumer.consume(1, 20) or pytest.fail(f"only {len(read)} records came")
            assert message.error() is None
            read.append((message.offset(), message.value()))
        assert read == [(i, b"%d" % i) for i in range(500)]
    finally:
        consumer.close()


def test_victoria_counts_the_samples_of_a_field(victoria):
    lines = b"".join(b"probe n=%d %d\n" % (i, 1_700_000_000_000_000_000 + i * 1_000_000) for i in range(7))
    urllib.request.urlopen(urllib.request.Request(f"{victoria.url}/api/v2/write", data=lines), timeout=20).close()
    assert victoria.count("probe_n") == 7
    assert victoria.count("no_such_n") == 0


def test_a_server_that_ends_at_once_says_what_it_said(tmp_path):
    class Broken(Process):
        def _start(self):
            self.launch([sys.executable, "-c", "print('out of luck')"])
            self.ready(lambda: 1 / 0)  # it never answers

    with pytest.raises(RuntimeError, match="Broken ended: out of luck"):
        Broken(tmp_path).start()


def test_a_missing_server_skips_with_its_reason_and_fails_where_it_is_required(monkeypatch):
    monkeypatch.delenv("PYAGENT_REQUIRE_SERVERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no such server"):
        missing("no such server")
    monkeypatch.setenv("PYAGENT_REQUIRE_SERVERS", "1")
    with pytest.raises(pytest.fail.Exception, match="no such server"):
        missing("no such server")


def test_ports_are_all_different():
    assert len(set(free_ports(20))) == 20
