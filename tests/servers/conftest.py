"""One server of each kind per test run; missing ones skip with the reason, or fail where they are required."""

from __future__ import annotations

import os

import pytest
from processes import InfluxDBServer, KafkaServer, ServerMissing, VictoriaMetricsServer


def serve(kind, factory):
    try:
        server = kind(factory.mktemp(kind.__name__.lower())).start()
    except ServerMissing as missing:
        if os.environ.get("PYAGENT_REQUIRE_SERVERS"):
            pytest.fail(f"required here: {missing}")
        pytest.skip(str(missing))
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
