"""The InfluxDB outputs against real servers, counted in the store."""

from __future__ import annotations

import uuid

import pytest

from plugins.outputs.influxdb import InfluxDB
from plugins.outputs.influxdb_v2 import InfluxDBv2
from pyagent import Metric, MetricBatch, PartialWrite, Retry
from pyagent.testing import make_plugin

pytestmark = pytest.mark.server
T0 = 1_790_000_000_000_000_000


@pytest.fixture
def name():
    return "t" + uuid.uuid4().hex[:10]


@pytest.fixture
def make():
    opened = []

    def make(kind, url, **options):
        output = make_plugin(kind, urls=[url], **options)
        output.open()
        opened.append(output)
        return output

    yield make
    for output in opened:
        output.close()


def metrics(values, start=T0):
    return [Metric("m", {"v": value}, {"i": str(i % 7)}, start + i) for i, value in enumerate(values)]


def counted(output):
    """Counts the output's requests, in a list of one number."""
    count, send = [0], output._servers.send

    def counting(path, *args):
        count[0] += path == "/write"
        return send(path, *args)

    output._servers.send = counting
    return count


def test_the_database_is_made_and_every_point_stored(influxdb, make, name):
    make(InfluxDB, influxdb.url, database=name).write(MetricBatch(metrics(map(float, range(5000)))))
    assert influxdb.count(name, "m", "v") == 5000


def test_a_name_with_quotes(influxdb, make, name):
    odd = f'{name} "x" ü'
    make(InfluxDB, influxdb.url, database=odd).write(MetricBatch(metrics([1.0])))
    assert influxdb.count(odd, "m", "v") == 1


def test_a_name_that_the_server_refuses_is_said(influxdb, make, name, caplog):
    """The refusal comes with status 200."""
    output = make(InfluxDB, influxdb.url, database=f"{name}\\x")
    assert any("creation failed" in line and "invalid name" in line for line in caplog.messages)
    with pytest.raises(Retry, match="database not found"):
        output.write(MetricBatch(metrics([1.0])))


@pytest.mark.parametrize("step", [1, 9, 500])
def test_type_conflicts_are_found_with_few_requests(influxdb, make, name, step):
    output = make(InfluxDB, influxdb.url, database=name)
    output.write(MetricBatch(metrics([0.5], T0 - 1)))
    values = [float(i) for i in range(1000)]
    values[::step] = range(len(values[::step]))
    requests = counted(output)
    with pytest.raises(PartialWrite) as found:
        output.write(MetricBatch(metrics(values)))
    assert sorted(found.value.rejected) == list(range(0, 1000, step))
    assert found.value.retry == []
    assert influxdb.count(name, "m", "v") == 1 + 1000 - len(range(0, 1000, step))
    assert requests[0] <= 3


def test_conflicts_on_two_shards_are_all_found(influxdb, make, name):
    """Each shard counts its own: the answer's number is too low, and the rest must still be found."""
    output = make(InfluxDB, influxdb.url, database=name)
    month = 30 * 86_400 * 10**9
    output.write(MetricBatch(metrics([0.5], T0 - 1) + metrics([0.5], T0 - month - 1)))
    mixed = metrics([1] * 20) + metrics([1] * 20, T0 - month) + metrics([2.5] * 20, T0 + 1000)
    with pytest.raises(PartialWrite) as found:
        output.write(MetricBatch(mixed))
    assert sorted(found.value.rejected) == list(range(40))
    assert influxdb.count(name, "m", "v") == 22


def test_a_type_that_another_shard_accepts_is_not_rejected(influxdb, make, name):
    output = make(InfluxDB, influxdb.url, database=name)
    month = 30 * 86_400 * 10**9
    output.write(MetricBatch(metrics([0.5], T0 - 1)))
    mixed = metrics([1] * 10) + metrics([1] * 10, T0 - month)
    with pytest.raises(PartialWrite) as found:
        output.write(MetricBatch(mixed))
    assert sorted(found.value.rejected) == list(range(10))
    assert found.value.retry == []


def test_points_beyond_retention(influxdb, make, name):
    influxdb.query(f'CREATE DATABASE "{name}" WITH DURATION 24h')
    output = make(InfluxDB, influxdb.url, database=name)
    old = metrics([1.0] * 100, 1_400_000_000_000_000_000)
    requests = counted(output)
    with pytest.raises(PartialWrite) as found:
        output.write(MetricBatch(old))
    assert len(found.value.rejected) == 100
    assert requests[0] == 1


def test_a_missing_retention_policy_keeps_the_batch(influxdb, make, name):
    with pytest.raises(Retry, match="retention policy not found"):
        make(InfluxDB, influxdb.url, database=name, retention_policy="none").write(MetricBatch(metrics([1.0])))


def test_a_misspelt_consistency_keeps_the_batch(influxdb, make, name):
    with pytest.raises(Retry, match="without naming one"):
        make(InfluxDB, influxdb.url, database=name, write_consistency="qorum").write(MetricBatch(metrics([1.0] * 9)))


def test_databases_chosen_by_tag(influxdb, make, name):
    output = make(InfluxDB, influxdb.url, database=name, database_tag="db", exclude_database_tag=True)
    output.write(MetricBatch([Metric("m", {"v": 1.0}, {"db": f"{name}{i % 3}"}, T0 + i) for i in range(30)]))
    assert [influxdb.count(f"{name}{i}", "m", "v") for i in range(3)] == [10, 10, 10]


def test_the_v2_endpoint(victoria, make, name):
    output = make(InfluxDBv2, victoria.url, bucket="b", organization="o", token="t", concurrent_writes=3)
    output.write(MetricBatch([Metric(name, {"v": float(i)}, {}, T0 + i * 1_000_000) for i in range(1000)]))
    assert sorted(value for _, _, value in victoria.samples(f"{name}_v")) == [float(i) for i in range(1000)]
