"""Reloads while messages flow: each is stored, and none is written twice."""

from __future__ import annotations

import signal
import threading
import time
import uuid

import pytest

from pyagent.testing import FakeInfluxDB
from tests.servers.test_main_job import CLIENTS, agents, lines, sink, source, until  # noqa: F401 - agents is a fixture

pytestmark = pytest.mark.server


@pytest.mark.parametrize("client", CLIENTS)
def test_reloads_and_a_stop_while_messages_flow_lose_nothing_and_repeat_nothing(kafka, agents, client):  # noqa: F811
    name = "t" + uuid.uuid4().hex[:10]
    kafka.create(name)
    total = 12_000

    def produce():
        for start in range(0, total, 500):
            kafka.produce(name, lines(start, start + 500))
            time.sleep(0.4)

    with FakeInfluxDB() as server:
        agent = agents(source(kafka, name, client) + sink(server.url, name))
        producer = threading.Thread(target=produce)
        producer.start()
        for _ in range(3):
            time.sleep(4)
            agent.process.send_signal(signal.SIGHUP)
        producer.join()
        until(lambda: len(server.points()) == total, 60, agent)
        until(lambda: agent.log.read_text().count("the new configuration runs") == 3, 20, agent)
        assert agent.stop() == 0
        assert server.received == total
    assert kafka.lag(name, name) == 0


def test_a_file_that_is_broken_by_an_editor_leaves_the_agent_running(kafka, agents, tmp_path):  # noqa: F811
    name = "t" + uuid.uuid4().hex[:10]
    kafka.create(name)
    with FakeInfluxDB() as server:
        agent = agents(source(kafka, name, "auto") + sink(server.url, name))
        kafka.produce(name, lines(0, 10))
        until(lambda: len(server.points()) == 10, 30, agent)
        file = tmp_path / "agent.toml"
        file.write_text(file.read_text().replace("topics", "topcis"))
        agent.process.send_signal(signal.SIGHUP)
        until(lambda: 'did you mean "topics"' in agent.log.read_text(), 10, agent)
        kafka.produce(name, lines(10, 20))
        until(lambda: len(server.points()) == 20, 30, agent)
        assert agent.stop() == 0
