"""What the InfluxDB outputs make of a server's answers."""

from __future__ import annotations

import base64
import json
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from plugins.common.influx.answers import (
    KEEP,
    POINTS,
    TOO_LARGE,
    WRITTEN,
    all_dropped,
    judge,
    quoted_lines,
    retry_after,
)
from plugins.common.influx.http import _address
from plugins.outputs.influxdb import InfluxDB
from plugins.outputs.influxdb_v2 import InfluxDBv2
from pyagent import ConfigError, Metric, MetricBatch, PartialWrite, Retry
from pyagent.testing import FakeInfluxDB, Fault, make_plugin


@pytest.fixture
def server():
    with FakeInfluxDB() as found:
        yield found


@pytest.fixture(params=[InfluxDB, InfluxDBv2])
def kind(request):
    return request.param


@pytest.fixture
def make():
    opened = []

    def make(kind, *urls, **options):
        output = make_plugin(kind, urls=list(urls), **options)
        output.open()
        opened.append(output)
        return output

    yield make
    for output in opened:
        output.close()


def batch(*values, name="m"):
    return MetricBatch([Metric(name, {"v": value}, {"i": str(i)}, 1000 + i) for i, value in enumerate(values)])


def test_metrics_of_which_nothing_can_be_written_are_told(server, make, kind):
    assert make(kind, server.url).write(batch(1.0, float("nan"), 2.0)) == 1
    assert stored(server) == [1.0, 2.0]


def stored(server):
    return sorted(metric.fields["v"] for metric in server.points())


def test_a_batch_is_written_with_one_compressed_request(server, make, kind):
    make(kind, server.url).write(batch(1, 2, 3))
    assert stored(server) == [1, 2, 3]
    ((_, query, headers),) = server.requests
    assert headers["Content-Encoding"] == "gzip"
    assert query.get("db", "telegraf") == "telegraf"


@pytest.mark.parametrize("status", [401, 403, 404, 408, 425, 429, 500, 502, 503, 504, 302, 418])
def test_trouble_keeps_the_batch(server, make, kind, status):
    output = make(kind, server.url, **({"skip_database_creation": True} if kind is InfluxDB else {}))
    server.faults.append(Fault(status, b"<html>no</html>"))
    with pytest.raises(Retry, match=str(status)):
        output.write(batch(1))
    output.write(batch(1))
    assert stored(server) == [1]


def test_a_page_with_status_200_is_no_success(server, make, kind):
    output = make(kind, server.url)
    server.faults.append(Fault(200, b"<html>Please log in</html>"))
    with pytest.raises(Retry, match="proxy or login page"):
        output.write(batch(1))


@pytest.mark.parametrize("body", [b"", b"{}", b'{"results":[]}'])
def test_an_empty_2xx_is_success(server, make, kind, body):
    server.faults.append(Fault(200, body))
    make(kind, server.url).write(batch(1))


def test_a_dead_url_is_followed_by_the_next_within_one_write(server, make, kind):
    output = make(kind, "http://127.0.0.1:1", server.url)
    for i in range(6):
        output.write(batch(i))
    assert len(server.requests) == 6


def test_a_closed_connection_keeps_the_batch(server, make, kind):
    output = make(kind, server.url)
    server.faults.append(Fault(close=True))
    with pytest.raises(Retry):
        output.write(batch(1))


def test_the_point_that_conflicts_in_type_is_found_and_the_others_are_written(server, make, kind):
    output = make(kind, server.url)
    output.write(batch(*[float(i) for i in range(50)]))
    values = [float(i) for i in range(100, 150)]
    values[17] = 7
    values[40] = "text"
    with pytest.raises(PartialWrite) as found:
        output.write(batch(*values))
    assert sorted(found.value.rejected) == [17, 40]
    assert found.value.retry == []
    assert "field type conflict" in found.value.rejected[17]
    assert len([metric for metric in server.points() if metric.fields["v"] >= 100]) == 48


def test_lines_that_the_server_quotes_are_taken_out_without_a_search(server, make, kind):
    output = make(kind, server.url)
    lines = [b"m v=1 1", b"m v=oops 2", b"m v=3 3"]

    class Lines(MetricBatch):
        def __len__(self):
            return 3

        def encode_lines(self, **_):
            return lines

    with pytest.raises(PartialWrite) as found:
        output.write(Lines())
    assert list(found.value.rejected) == [1]
    assert stored(server) == [1, 3]
    assert len(server.requests) == 2


def test_too_large_a_body_is_halved_and_a_single_point_that_is_too_large_is_guilty(server, make, kind, monkeypatch):
    store = server._store

    def small(body, path):
        return (413, b"<html>too large</html>") if len(body) > 60 else store(body, path)

    monkeypatch.setattr(server, "_store", small)
    output = make(kind, server.url)
    with pytest.raises(PartialWrite) as found:
        output.write(batch("a", "b", "x" * 100, "d", "e"))
    assert list(found.value.rejected) == [2]
    assert stored(server) == ["a", "b", "d", "e"]


def test_where_every_point_fails_and_none_is_named_the_batch_is_held(server, make):
    output = make(InfluxDB, server.url, write_consistency="qorum")
    server.faults.extend(Fault(400, b'{"error":"invalid consistency level"}') for _ in range(50))
    with pytest.raises(Retry, match="invalid consistency level"):
        output.write(batch(1, 2, 3, 4))


def test_retry_after_is_honoured_as_seconds_and_as_a_date(server, make, kind):
    output = make(kind, server.url)
    server.faults.append(Fault(429, b"", {"Retry-After": "7"}))
    with pytest.raises(Retry) as found:
        output.write(batch(1))
    assert found.value.after == 7
    when = datetime.now(timezone.utc) + timedelta(seconds=30)
    assert retry_after({"Retry-After": format_datetime(when, usegmt=True)}) == pytest.approx(30, abs=2)
    assert retry_after({"Retry-After": "soon"}) is None
    assert retry_after({"Retry-After": "99999999"}) == 600


def test_each_destination_has_its_own_lane(server, make):
    output = make(InfluxDBv2, server.url, bucket="default", bucket_tag="b", exclude_bucket_tag=True)
    metrics = [Metric("m", {"v": i}, {"b": "ab"[i % 2]} if i else {}, i) for i in range(5)]
    server.faults.append(Fault(404, b'{"code":"not found","message":"bucket not found"}'))
    with pytest.raises(PartialWrite) as found:
        output.write(MetricBatch(metrics))
    assert found.value.retry == [0]
    assert stored(server) == [1, 2, 3, 4]
    assert {query["bucket"] for _, query, _ in server.requests} == {"default", "a", "b"}
    assert all("b" not in metric.tags for metric in server.points())


def test_a_rate_limit_sends_what_fits_and_keeps_the_rest(server, make):
    output = make(InfluxDBv2, server.url, rate_limit="60", rate_limit_period="1h")  # three lines of 16 bytes
    with pytest.raises(PartialWrite) as found:
        output.write(batch(1, 2, 3, 4, 5))
    assert found.value.retry == [3, 4]
    assert found.value.after > 3000
    with pytest.raises(Retry, match="rate_limit"):
        output.write(batch(4, 5))
    assert stored(server) == [1, 2, 3]


def test_a_line_above_the_rate_limit_goes_alone(server, make):
    output = make(InfluxDBv2, server.url, rate_limit="10", rate_limit_period="50ms")
    output.write(batch(1))
    with pytest.raises(Retry):
        output.write(batch(2))
    time.sleep(0.06)
    output.write(batch(2))


def test_secrets_are_in_no_message(server, make, kind):
    url = "http://user:canary@127.0.0.1:1/x?u=user&p=canary"
    more = {"token": "s3cret-canary"} if kind is InfluxDBv2 else {"password": "canary", "skip_database_creation": True}
    output = make(kind, url, **more)
    with pytest.raises(Retry) as found:
        output.write(batch(1))
    assert "canary" not in f"{found.value!r} {found.value}"
    assert "http://127.0.0.1:1/x" in str(found.value)
    assert "canary" not in repr(make_plugin(kind, **more).config)


def test_credentials_in_a_url_are_sent(server, make):
    make(InfluxDB, server.url.replace("//", "//user:p%40ss@")).write(batch(1))
    assert server.requests[-1][2]["Authorization"] == "Basic " + base64.b64encode(b"user:p@ss").decode()
    make(InfluxDBv2, server.url.replace("//", "//user:pass@"), token="t").write(batch(1))
    assert server.requests[-1][2]["Authorization"] == "Token t"


@pytest.mark.parametrize(
    ("text", "address"),
    [("10.0.0.1", ("10.0.0.1", 0)), ("10.0.0.1:99", ("10.0.0.1", 99)), ("::1", ("::1", 0)), ("[::1]:99", ("::1", 99))],
)
def test_local_addresses(text, address):
    assert _address(text) == address


def test_no_database_means_telegraf(server, make):
    make(InfluxDB, server.url, database="").write(batch(1))
    assert server.requests[-1][1]["db"] == "telegraf"


def test_a_database_that_may_not_be_made_is_asked_for_once(server, make, monkeypatch, caplog):
    answer = server._answer
    monkeypatch.setattr(
        server, "_answer", lambda h, *a: answer(h, *((403, b"{}") if h.path.startswith("/query") else a))
    )
    output = make(InfluxDB, server.url, database_tag="i")
    for _ in range(3):
        output.write(batch(1))
    assert sum('database "0" creation failed' in line for line in caplog.messages) == 1


def test_a_batch_of_conflicts_alone_costs_two_requests(server, make, kind):
    output = make(kind, server.url)
    output.write(batch(0.5))
    with pytest.raises(PartialWrite) as found:
        output.write(batch(*range(3000)))
    assert len(found.value.rejected) == 3000
    assert len(server.requests) == 2


def test_each_type_conflict_costs_two_more_requests(server, make, kind):
    output = make(kind, server.url)
    output.write(batch(0.5))
    values = [float(i) for i in range(1000)]
    values[5:900:9] = range(len(values[5:900:9]))
    with pytest.raises(PartialWrite) as found:
        output.write(batch(*values))
    assert sorted(found.value.rejected) == list(range(5, 900, 9))
    assert found.value.retry == []
    assert len(server.requests) == 1 + 3


def test_guilty_points_that_nobody_names_do_not_hide_the_good_ones(server, make, kind, monkeypatch):
    """More of them stand in front than a search from the left could pass within one write."""
    store = server._store

    def strange(body, path):
        return (400, b'{"error":"no"}') if b"bad" in body else store(body, path)

    monkeypatch.setattr(server, "_store", strange)
    monkeypatch.setattr("plugins.common.influx.guilty.MOST_REQUESTS", 25)
    output = make(kind, server.url)
    left = [Metric("m", {"v": "bad" if i < 100 else i}, {"i": str(i)}, i) for i in range(200)]
    rejected = 0
    for _ in range(40):
        try:
            output.write(MetricBatch(left))
            left = []
        except PartialWrite as error:
            rejected += len(error.rejected)
            left = [left[i] for i in error.retry]
        except Retry:
            break
    assert stored(server) == list(range(100, 200))
    assert rejected + len(left) == 100


def test_a_missing_bucket_is_one_request_where_it_means_dead_letters(server, make):
    output = make(InfluxDBv2, server.url, bucket="b", bucket_tag="i", on_missing_destination="dead_letter")
    server.faults.append(Fault(404, b'{"code":"not found","message":"bucket \\"0\\" not found"}'))
    with pytest.raises(PartialWrite) as found:
        output.write(MetricBatch([Metric("m", {"v": k}, {"i": "0"}, k) for k in range(100)]))
    assert len(found.value.rejected) == 100
    assert len(server.requests) == 1


@pytest.mark.parametrize("tag", ["", "i"])
def test_concurrent_writes_cut_every_destination(server, make, tag):
    make(InfluxDBv2, server.url, concurrent_writes=4, bucket_tag=tag).write(
        MetricBatch([Metric("m", {"v": k}, {"i": "x"}, k) for k in range(100)])
    )
    assert stored(server) == list(range(100))
    assert len(server.requests) == 4


def test_each_quoted_line_has_its_own_reason():
    message = "partial write: unable to parse 'a': missing fields\nunable to parse 'b, x': invalid number dropped=0"
    assert quoted_lines(message) == {"a": "missing fields", "b, x": "invalid number"}


@pytest.mark.parametrize(
    ("message", "sent", "all_of_them"),
    [
        ("partial write: points beyond retention policy dropped=2", 2, True),
        ("partial write: points beyond retention policy dropped=2", 3, False),
        ("dropped 2 points outside retention policy of … dropped=2 for database: x for retention policy: y", 2, True),
        ('field type conflict: input field "dropped=9" on measurement "m" is type integer dropped=1', 5, False),
        ("partial write: unable to parse 'points beyond retention policy dropped=9': no dropped=9", 1, False),
        ("field type conflict", 1, False),
    ],
)
def test_the_servers_count_of_dropped_points(message, sent, all_of_them):
    assert all_dropped(message, sent) is all_of_them


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (InfluxDB, {"urls": ["ftp://x"]}),
        (InfluxDB, {"urls": []}),
        (InfluxDBv2, {"rate_limit": 5}),
        (InfluxDBv2, {"concurrent_writes": 0}),
        (InfluxDB, {"tls_ca": "/nowhere.pem"}),
        (InfluxDB, {"tls_cert": __file__}),
    ],
)
def test_what_cannot_work_is_refused(kind, options):
    with pytest.raises(ConfigError):
        make_plugin(kind, **options)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (204, b"", WRITTEN),
        (200, b"", WRITTEN),
        (200, json.dumps({"error": "timeout"}).encode(), KEEP),
        (200, b'{"results":[{"statement_id":0,"error":"invalid name"}]}', KEEP),
        (400, b'{"error":"partial write: points beyond retention policy dropped=2"}', POINTS),
        (422, b'{"code":"unprocessable entity","message":"failure writing points"}', POINTS),
        (413, b"anything", TOO_LARGE),
        (500, b'{"error":"retention policy not found: x"}', KEEP),
    ],
)
def test_status_before_body(status, body, kind):
    assert judge(status, {}, body).kind == kind
