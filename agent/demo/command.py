"""The command ``pyagent demo``."""

from __future__ import annotations

import contextlib
import logging
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any, Optional

import click

from agent.demo.broker import Broker
from agent.demo.producer import Producer
from agent.demo.store import DATABASE, Store, choose_store

__all__ = ["demo"]

_CONFIG = """\
[agent]
  omit_hostname = true
  interval = "1s"
  state_directory = "{state}"

[[inputs.kafka_consumer]]
  brokers = ["{brokers}"]
  topics = ["{topic}"]
  consumer_group = "{topic}"
  client = "kafka-python"
  session_timeout = "6s"
  consumer_fetch_max_wait = "50ms"
  data_format = "influx"

[[outputs.influxdb]]
  urls = ["{url}"]
  database = "{database}"
"""


@click.command()
@click.option("--seconds", default=20.0, show_default=True, help="How long to send metrics.")
@click.option("--rate", default=1000, show_default=True, help="Points a second.")
@click.option("--influx-url", default="", help="An InfluxDB 1.x to write to.")
@click.option("--brokers", default="", help="A Kafka to use instead of the embedded broker, host:port.")
@click.option("--config-file", default="pyagent-demo.toml", show_default=True, help="Where to leave the configuration.")
def demo(seconds: float, rate: int, influx_url: str, brokers: str, config_file: str) -> None:
    """Move live metrics from Kafka to InfluxDB on this machine, and watch."""
    sys.exit(_run(seconds, rate, influx_url, brokers, Path(config_file)))


def _run(seconds: float, rate: int, influx_url: str, brokers: str, config_file: Path) -> int:
    logging.getLogger().setLevel(logging.ERROR)
    with contextlib.ExitStack() as stack:
        broker = brokers
        if not broker:
            embedded = stack.enter_context(Broker())
            broker = embedded.bootstrap
        store = stack.enter_context(choose_store(influx_url))
        state = stack.enter_context(tempfile.TemporaryDirectory(prefix="pyagent-demo-state-"))
        topic = "pyagent-demo-" + uuid.uuid4().hex[:8]
        text = _CONFIG.format(state=state, brokers=broker, topic=topic, url=store.url, database=DATABASE)
        config_file.write_text(text)
        click.echo(f"Kafka:    {broker}{'' if brokers else ' (embedded)'}\nInfluxDB: {store.name}")
        click.echo(f"The agent runs this configuration, left behind as {config_file}:\n\n{text}")
        return _watch(seconds, Producer(broker, topic, rate), store, config_file, Path(state))


def _watch(seconds: float, producer: Producer, store: Store, config_file: Path, state: Path) -> int:
    from agent.build import build_pipeline
    from agent.config.load import load

    producer.start()
    time.sleep(0.5)  # the topic exists before the agent looks for it
    pipeline = build_pipeline(load([str(config_file)]))
    latencies = _watch_latency(pipeline)
    agent = threading.Thread(target=pipeline.run, name="agent", daemon=True)
    agent.start()
    started = last = time.monotonic()
    written = 0
    while True:
        time.sleep(1)
        now = time.monotonic()
        if now - started >= seconds:
            break
        before, written = written, int(pipeline.statistics.total("outputs", "metrics_written"))
        rate = (written - before) / (now - last)
        last = now
        p99 = _p99(latencies)
        shown = "-" if p99 is None else f"{p99 * 1000:.0f} ms"
        click.echo(
            f"{now - started:5.1f} s  {rate:7.0f} points/s  lag {producer.sent - written:6d}  p99 latency {shown}"
        )
    producer.stop()
    deadline = time.monotonic() + 15
    dead = 0
    stored = store.count()
    while stored + dead < producer.sent and time.monotonic() < deadline:
        time.sleep(0.2)
        stored = store.count()
        dead = sum(len(path.read_text().splitlines()) for path in state.glob("*.jsonl"))
    pipeline.stop()
    agent.join(15)
    stored = store.count()
    lost = producer.sent - stored - dead
    p99 = _p99(latencies)
    shown = "unknown" if p99 is None else f"{p99 * 1000:.0f} ms"
    click.echo(
        f"\nsent {producer.sent}, written {stored} (counted in the store), dead-lettered {dead}, lost {lost}, "
        f"p99 latency {shown}"
    )
    if producer.error:
        click.echo(f"the producer failed: {producer.error}", err=True)
    return 0 if not lost and producer.sent and not producer.error else 1


def _watch_latency(pipeline: Any) -> list[float]:
    """Seconds from a point's making to the answer of the store, sampled from each write."""
    latencies: list[float] = []
    (output,) = pipeline.outputs()
    write = output.plugin.write

    def watched(batch: Any) -> None:
        write(batch)
        now = time.time_ns()
        lines = batch.encode_lines()
        for line in lines[:: max(1, len(lines) // 50)]:
            latencies.append((now - int(line.rpartition(b" ")[2])) / 1e9)

    output.plugin.write = watched
    return latencies


def _p99(latencies: list[float]) -> Optional[float]:
    # The first points wait for the agent to join its group: they say nothing of how it runs.
    settled = sorted(latencies[len(latencies) // 4 :])
    return settled[int(len(settled) * 0.99)] if settled else None
