"""Kafka to InfluxDB with real servers, counted in the store and in the group's offsets, never by our own counters."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import uuid

import pytest

pytestmark = pytest.mark.server
CLIENTS = ["kafka-python"] + (["confluent"] if importlib.util.find_spec("confluent_kafka") else [])
#: The Python that runs the agent, so that a PyPy can be tested by a CPython's clients.
AGENT_PYTHON = os.environ.get("PYAGENT_TEST_PYTHON", sys.executable)
T0 = 1_700_000_000_000_000_000


@pytest.fixture
def name():
    return "t" + uuid.uuid4().hex[:10]


class Agent:
    """A pyagent process."""

    def __init__(self, folder, text, label="agent", state=""):
        self.state = folder / (state or f"{label}-state")
        config = folder / f"{label}.toml"
        config.write_text(
            f'[agent]\nomit_hostname = true\nstate_directory = "{self.state}"\nshutdown_timeout = "4s"\n{text}'
        )
        self.log = folder / f"{label}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [AGENT_PYTHON, "-m", "pyagent", "--config", str(config)], stderr=log, stdout=log
            )

    def stop(self, how=signal.SIGTERM, seconds=12):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(seconds)

    def letters(self):
        return [json.loads(line) for path in self.state.glob("*.jsonl") for line in path.read_text().splitlines()]


@pytest.fixture
def agents(tmp_path):
    started = []

    def start(text, label="agent", state=""):
        started.append(Agent(tmp_path, text, label, state))
        return started[-1]

    yield start
    for agent in started:
        if agent.process.poll() is None:
            agent.stop(signal.SIGKILL)


def until(condition, seconds=60, agent=None):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain" + (": " + agent.log.read_text()[-1500:] if agent else ""))
        time.sleep(0.2)


def source(kafka, name, client, more=""):
    return (
        f'[[inputs.kafka_consumer]]\nbrokers = ["{kafka.bootstrap}"]\ntopics = ["{name}"]\nclient = "{client}"\n'
        f'consumer_group = "{name}"\n{more}\n'
    )


def sink(url, name, more=""):
    return f'[[outputs.influxdb]]\nurls = ["{url}"]\ndatabase = "{name}"\n{more}\n'


def lines(start, stop):
    return [b"cpu,host=h%d usage=%d.5,n=%di %d" % (i % 10, i % 90, i, T0 + i) for i in range(start, stop)]


@pytest.mark.parametrize("client", CLIENTS)
def test_every_message_is_stored_and_every_offset_committed(kafka, influxdb, agents, name, client):
    kafka.create(name)
    kafka.produce(name, lines(0, 20_000))
    agent = agents(source(kafka, name, client) + sink(influxdb.url, name))
    until(lambda: influxdb.count(name, "cpu", "n") == 20_000, agent=agent)
    assert agent.stop() == 0
    assert influxdb.count(name, "cpu", "n") == 20_000
    assert kafka.lag(name, name) == 0
    assert agent.letters() == []


@pytest.mark.parametrize("client", CLIENTS)
def test_a_type_conflict_and_a_truncated_message_are_dead_letters_and_nothing_else_is(
    kafka, influxdb, agents, name, client
):
    kafka.create(name)
    good = [json.dumps({"t": T0 + i, "v": i * 0.5, "s": "x"}).encode() for i in range(10_000)]
    conflict = json.dumps({"t": T0 + 4_000, "v": 1, "s": 7}).encode()  # s is text everywhere else
    messages = [*good[:4000], conflict, *good[4001:7000], good[7000][:15], *good[7001:]]
    options = 'data_format = "json"\njson_time_key = "t"\njson_time_format = "unix_ns"\njson_string_fields = ["s"]\nmetric_name = "j"'
    kafka.produce(name, messages)
    agent = agents(source(kafka, name, client, options) + sink(influxdb.url, name))
    until(lambda: kafka.lag(name, name) == 0 and len(agent.letters()) == 2, agent=agent)
    assert agent.stop() == 0
    assert influxdb.count(name, "j", "v") == 9_998
    found = {letter["stage"]: letter for letter in agent.letters()}
    assert set(found) == {"parse", "output"}
    assert base64.b64decode(found["parse"]["payload_b64"]) == good[7_000][:15]
    assert base64.b64decode(found["output"]["payload_b64"]) == conflict
    assert "field type conflict" in found["output"]["reason"]
    assert {letter["topic"] for letter in found.values()} == {name}


@pytest.mark.parametrize("client", CLIENTS)
def test_stopped_with_the_output_down_it_commits_nothing_and_the_next_start_delivers(
    kafka, influxdb, agents, name, client
):
    kafka.create(name)
    kafka.produce(name, lines(0, 3_000))
    text = source(kafka, name, client)
    agent = agents(text + sink("http://127.0.0.1:1", name), "down")
    time.sleep(5)
    started = time.monotonic()
    assert agent.stop() == 0
    assert time.monotonic() - started < 8
    assert kafka.lag(name, name) == 3_000
    agent = agents(text + sink(influxdb.url, name), "up")
    until(lambda: influxdb.count(name, "cpu", "n") == 3_000, agent=agent)
    agent.stop()
    assert kafka.lag(name, name) == 0


@pytest.mark.parametrize("client", CLIENTS)
def test_rebalances_from_one_to_two_to_one_agents_with_the_output_down_lose_nothing(
    kafka, influxdb, agents, name, client
):
    kafka.create(name)
    kafka.produce(name, lines(0, 5_000))
    influxdb.stop()
    text = source(kafka, name, client) + sink(influxdb.url, name)
    first = agents(text, "first")
    time.sleep(4)
    second = agents(text, "second")
    time.sleep(14)
    kafka.produce(name, lines(5_000, 6_000))
    second.stop(seconds=25)
    time.sleep(2)
    influxdb.start()
    kafka.produce(name, lines(6_000, 7_000))
    until(lambda: influxdb.count(name, "cpu", "n") == 7_000, 60, first)
    assert first.stop() == 0
    assert kafka.lag(name, name) == 0


@pytest.mark.parametrize("client", CLIENTS)
def test_the_lag_of_a_transactional_topic_reaches_zero(kafka, influxdb, agents, name, client):
    from confluent_kafka import Producer

    kafka.create(name, 1)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": name})
    producer.init_transactions(20)
    for start in (0, 100):
        producer.begin_transaction()
        for line in lines(start, start + 100):
            producer.produce(name, line)
        producer.commit_transaction(20)
    agent = agents(source(kafka, name, client, 'isolation_level = "read_committed"') + sink(influxdb.url, name))
    until(lambda: influxdb.count(name, "cpu", "n") == 200, agent=agent)
    until(lambda: kafka.lag(name, name) == 0, 20, agent)
    agent.stop()


@pytest.mark.parametrize("client", CLIENTS)
def test_newest_killed_before_its_first_commit_skips_nothing(kafka, influxdb, agents, name, client):
    kafka.create(name)
    kafka.produce(name, lines(0, 100))  # before the group: not wanted
    text = source(kafka, name, client, 'offset = "newest"')
    agent = agents(text + sink("http://127.0.0.1:1", name), "killed")
    until(lambda: kafka.lag(name, name) == 0, 30, agent)  # the start is committed
    kafka.produce(name, lines(100, 300))
    agent.stop(signal.SIGKILL)
    agent = agents(text + sink(influxdb.url, name), "next")
    until(lambda: influxdb.count(name, "cpu", "n") == 200, agent=agent)
    agent.stop()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_every_codec(kafka, influxdb, agents, name, client, codec):
    kafka.create(name, 1)
    kafka.produce(name, lines(0, 500), **{"compression.type": codec})
    agent = agents(source(kafka, name, client) + sink(influxdb.url, name))
    until(lambda: influxdb.count(name, "cpu", "n") == 500, agent=agent)
    agent.stop()


@pytest.mark.parametrize("client", CLIENTS)
def test_headers_metadata_tombstones_oversize_and_a_new_topic(kafka, influxdb, agents, name, client):
    kafka.create(name, 1)
    more = (
        f'topic_regexps = ["^{name}_.*"]\ntopic_refresh = "2s"\ntopic_tag = "topic"\nmsg_headers_as_tags = ["dc"]\n'
        f'metadata_as_tags = ["key"]\nmetadata_as_fields = ["offset"]\nmax_message_len = 100\n'
    )
    kafka.produce(name, [
        {"value": lines(0, 1)[0], "key": b"k1", "headers": [("dc", b"eu")]},
        {"value": None, "key": b"gone"},
        {"value": b"cpu s=\"" + b"x" * 200 + b"\" 1"},
        {"value": b"\x00\xff\xfe"},
    ])  # fmt: skip
    agent = agents(source(kafka, name, client, more) + sink(influxdb.url, name))
    until(lambda: kafka.lag(name, name) == 0, agent=agent)
    rows = influxdb.query('SELECT n, dc, topic, "key", "offset" FROM cpu', name)
    assert rows == [[T0, 0, "eu", name, "k1", 0]]
    until(lambda: len(agent.letters()) == 2, 10, agent)
    assert sorted(letter["offset"] for letter in agent.letters()) == [2, 3]
    kafka.create(f"{name}_new", 1)
    kafka.produce(f"{name}_new", lines(10, 20))
    until(lambda: influxdb.count(name, "cpu", "n") == 11, 30, agent)
    agent.stop()


def test_the_v2_endpoint_takes_the_same(kafka, victoria, agents, name):
    kafka.create(name)
    kafka.produce(name, lines(0, 2_000))
    output = f'[[outputs.influxdb_v2]]\nurls = ["{victoria.url}"]\ntoken = "t"\norganization = "o"\nbucket = "b"\n'
    agent = agents(source(kafka, name, "auto") + output)
    until(lambda: kafka.lag(name, name) == 0, agent=agent)
    agent.stop()
    found = {value for labels, _, value in victoria.samples("cpu_n") if labels.get("db", "b")}
    assert found == set(range(2_000))


def test_two_agents_with_one_file_on_one_host_both_work(kafka, influxdb, agents, name):
    kafka.create(name)
    text = source(kafka, name, "auto") + sink(influxdb.url, name)
    first, second = agents(text, "one", "shared"), agents(text, "two", "shared")
    time.sleep(6)
    kafka.produce(name, [{"value": value, "partition": i % 4} for i, value in enumerate(lines(0, 400) + [b"bad"] * 8)])
    until(lambda: influxdb.count(name, "cpu", "n") == 400, agent=first)
    until(lambda: len(first.letters()) == 8, 20, first)
    assert len(list(first.state.glob("*.jsonl"))) == 2  # one file each: both had partitions
    assert first.stop() == 0
    assert second.stop() == 0


@pytest.mark.parametrize("client", CLIENTS)
def test_killed_just_after_a_commit_the_dead_letter_is_there(kafka, influxdb, agents, name, client):
    kafka.create(name, 1)
    kafka.produce(name, [*lines(0, 50), b"bad", *lines(50, 100)])
    agent = agents(source(kafka, name, client) + sink(influxdb.url, name))
    until(lambda: kafka.lag(name, name) == 0, agent=agent)
    agent.stop(signal.SIGKILL)
    assert [letter["offset"] for letter in agent.letters()] == [50]
    assert influxdb.count(name, "cpu", "n") == 100


@pytest.mark.parametrize("client", CLIENTS)
def test_enormous_messages_are_stored_or_dead_letters_and_do_not_stall(kafka, influxdb, agents, name, client):
    kafka.create(name, 1)
    big = b"cpu " + b",".join(b"f%d=%di" % (i, i) for i in range(60_000)) + b" %d" % T0
    assert len(big) > 700_000
    kafka.produce(name, [big, b"\x00" * 900_000, b'cpu s="' + b"x" * 900_000, *lines(1, 3)])
    agent = agents('memory_limit = "4MiB"\n' + source(kafka, name, client) + sink(influxdb.url, name))
    until(lambda: kafka.lag(name, name) == 0, agent=agent)
    assert influxdb.count(name, "cpu", "n") == 2
    assert influxdb.count(name, "cpu", "f59999") == 1
    assert sorted(letter["offset"] for letter in agent.letters()) == [1, 2]
    assert agent.stop() == 0
