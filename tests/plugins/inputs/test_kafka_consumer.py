"""The Kafka input over a client that is a list: chunks, decoration, where to begin."""

from __future__ import annotations

import pytest

from plugins.common.kafka.client import Slice, security
from plugins.inputs.kafka_consumer import KafkaConsumer
from pyagent import ConfigError, LineBatch, Metric, MetricBatch, Origin, Record
from pyagent.testing import make_plugin

P0, P1 = ("t", 0), ("t", 1)


class Client:
    def __init__(self, committed=None, ends=None):
        self.committed_offsets = dict(committed or {})
        self.ends = ends or {P0: 50, P1: 70}
        self.commits = []

    def partitions(self, topic):
        return [P0, P1]

    def committed(self, partitions):
        return {p: self.committed_offsets.get(p) for p in partitions}

    def offsets(self, partitions):
        return {p: (5, self.ends[p]) for p in partitions}

    def commit(self, offsets, *, wait):
        self.commits.append((dict(offsets), wait))
        self.committed_offsets.update(offsets)

    def highwater(self):
        return self.ends

    def close(self):
        pass


class Runtime:
    commits = True

    def __init__(self, kept=None):
        self.kept = kept or {}

    def on_assigned(self, partitions):
        return {p: self.kept.get(p) for p in partitions}


def consumer(client=None, kept=None, **options):
    made = make_plugin(KafkaConsumer, brokers=["b:9092"], topics=["t"], **options)
    made._client = client or Client()
    made._initial = frozenset(["t"])
    made.runtime = Runtime(kept)
    return made


def assign(made, partitions):
    return made.assigned(partitions, made._client.committed(partitions))


def test_a_kept_partition_seeks_to_its_next_unread_offset_any_other_to_the_committed_one():
    made = consumer(Client({P0: 10, P1: 20}), kept={P0: 17})
    assert assign(made, [P0, P1]) == {P0: 17, P1: 20}


def test_oldest_without_a_committed_offset_is_left_to_the_client():
    assert assign(consumer(), [P0, P1]) == {}


def test_newest_commits_its_start_at_once_for_all_partitions_of_the_topic():
    client = Client()
    assert assign(consumer(client, offset="newest"), [P0]) == {P0: 50}
    assert client.commits == [({P0: 50, P1: 70}, True)]


def test_a_trial_run_commits_nothing():
    client = Client()
    made = consumer(client, offset="newest")
    made.runtime.commits = False
    assert assign(made, [P0]) == {P0: 50}
    assert client.commits == []


def test_newest_begins_where_a_member_that_joined_with_us_has_just_committed():
    client = Client()
    made = consumer(client, offset="newest")
    looked_up = client.committed([P0])
    client.committed_offsets.update({P0: 50, P1: 70})
    assert made.assigned([P0], looked_up) == {P0: 50}
    assert client.commits == []


def test_newest_begins_a_partition_that_came_later_at_the_oldest():
    client = Client({P0: 10})
    assert assign(consumer(client, offset="newest"), [P0, P1]) == {P0: 10, P1: 5}
    assert client.commits == []


def test_newest_begins_a_topic_found_later_at_the_oldest():
    client = Client(ends={("new", 0): 9})
    client.partitions = lambda topic: [("new", 0)]
    made = consumer(client, offset="newest")
    assert made.assigned([("new", 0)], {}) == {("new", 0): 5}


def test_what_is_refused_or_passed_over_is_marked_with_its_index():
    made = consumer(max_message_len=3)
    records = [
        Record(payload, topic="t", partition=0, offset=i) for i, payload in enumerate([b"abc", None, b"", b"abcd"])
    ]
    chunk = made._chunk(Slice(P0, records, 4))
    assert chunk.skipped == {1, 2}
    assert list(chunk.rejected) == [3]
    assert "actual 4, max 3" in chunk.rejected[3]
    made = consumer(tombstones="dead_letter")
    assert list(made._chunk(Slice(P0, records, 4)).rejected) == [1, 2]


def decorated(made, record, metric):
    chunk = made._chunk(Slice(P0, [record], 1))
    metric.origin = Origin(chunk, 0)
    return made.decorate(MetricBatch([metric]), chunk).metrics[0]


def test_headers_metadata_and_the_records_time():
    made = consumer(
        msg_headers_as_tags=["dc", "name"], msg_header_as_metric_name="name", topic_tag="topic",
        metadata_as_tags=["key", "partition"], metadata_as_fields=["offset"], timestamp_source="inner",
    )  # fmt: skip
    record = Record(
        b"x",
        topic="t",
        partition=0,
        offset=7,
        key=b"k",
        time=99,
        headers=[("dc", b"a"), ("dc", b"b"), ("name", b"n"), ("x", None)],
    )
    found = decorated(made, record, Metric("m", {"v": 1}, {"topic": "own"}, 5))
    assert found == Metric("n", {"v": 1, "offset": 7}, {"dc": "b", "topic": "t", "key": "k", "partition": "0"}, 99)


def test_the_topic_tag_leaves_lines_undecoded():
    made = consumer(topic_tag="topic")
    chunk = made._chunk(Slice(P0, [Record(b"m v=1 1", topic="t", partition=0, offset=0)], 1))
    batch = made.decorate(LineBatch([b"m v=1 1"], chunk, None), chunk)
    assert type(batch) is LineBatch
    assert batch.encode_lines() == [b"m,topic=t v=1 1"]


def test_lag_in_messages_and_seconds():
    made = consumer()
    made._chunk(Slice(P0, [Record(b"x", topic="t", partition=0, offset=39, time=0)], 40))
    lag = made.lag()
    assert lag[P0][0] == 10
    assert lag[P0][1] > 1e9
    assert P1 not in lag


@pytest.mark.parametrize("options", [
    {"topics": []}, {"brokers": []}, {"sasl_mechanism": "GSSAPI"}, {"sasl_aws_msk_iam_region": "x"}, {"topic_regexps": ["("]},
    {"client": "confluent", "tls_server_name": "x"}, {"client": "confluent", "tls_min_version": "TLS13"},
    {"sasl_mechanism": "OAUTHBEARER"}, {"tls_ca": "/nowhere.pem"}, {"tls_cipher_suites": ["NO_SUCH"]}, {"tls_renegotiation_method": "freely"},
    {"client": "confluent", "balance_strategy": "sticky"}, {"offset": "middle"},
])  # fmt: skip
def test_what_cannot_work_is_refused(options):
    with pytest.raises(ConfigError):
        make_plugin(KafkaConsumer, **{"brokers": ["b:9092"], "topics": ["t"], **options})


@pytest.mark.parametrize(("options", "protocol"), [
    ({}, "PLAINTEXT"),
    ({"tls_server_name": "x"}, "SSL"),
    ({"insecure_skip_verify": True, "enable_tls": False}, "PLAINTEXT"),
    ({"insecure_skip_verify": True, "tls_enable": False}, "PLAINTEXT"),
    ({"enable_tls": True, "sasl_username": "u", "sasl_password": "p"}, "SASL_SSL"),
    ({"sasl_mechanism": "SCRAM-SHA-256", "sasl_username": "u"}, "SASL_PLAINTEXT"),
])  # fmt: skip
def test_what_the_security_options_come_to(options, protocol):
    made = make_plugin(KafkaConsumer, brokers=["b:1"], topics=["t"], **options)
    names = {"protocol": "P", "mechanism": "M", "username": "U", "ca": "C"}
    found = security(made.config, names)
    assert found.pop("P") == protocol
    mechanism = options.get("sasl_mechanism") or ("PLAIN" if "sasl_username" in options else None)
    wanted = {"M": mechanism, "U": options.get("sasl_username")}
    assert found == {name: value for name, value in wanted.items() if value}
