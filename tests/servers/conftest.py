"""One server of each kind per test run; missing ones skip with the reason, or fail where they are required."""

from __future__ import annotations

import pytest

from tests.servers.influxdb import InfluxDBServer
from tests.servers.kafka import KafkaServer
from tests.servers.processes import ServerMissing, missing
from tests.servers.tansu import TansuServer
from tests.servers.victoria import VictoriaMetricsServer


def serve(kind, factory):
    try:
        server = kind(factory.mktemp(kind.__name__.lower()))
    except ServerMissing as absent:
        missing(str(absent))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory):
    yield from serve(KafkaServer, tmp_path_factory)


@pytest.fixture(scope="session")
def influxdb(tmp_path_factory):
    yield from serve(InfluxDBServer, tmp_path_factory)


@pytest.fixture(scope="session")
def victoria(tmp_path_factory):
    yield from serve(VictoriaMetricsServer, tmp_path_factory)


@pytest.fixture(scope="session")
def tansu(tmp_path_factory):
    yield from serve(TansuServer, tmp_path_factory)
