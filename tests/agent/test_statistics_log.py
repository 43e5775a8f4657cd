"""``--statistics``: one line a plugin, with rates and whatever tells its figures apart."""

from __future__ import annotations

import logging

from agent.statistics_log import StatisticsLog
from agent.stats import Snapshot, Statistics


def test_a_line_has_sums_rates_gauges_and_lag(caplog):
    caplog.set_level(logging.INFO)
    statistics = Statistics()
    output = statistics.plugin("outputs", "influxdb", "main", ("metrics_written", "write_errors"))
    output.gauge("buffer_size", lambda: 7)
    statistics.source(
        lambda: [
            Snapshot(
                "lag", "kafka_consumer", "", {"topic": "t", "partition": "0"}, {"lag_messages": 5, "lag_seconds": 0.25}
            )
        ]
    )
    output.count("metrics_written", 100)
    log = StatisticsLog(statistics, 0.05)
    log.start()
    log.stop()
    assert "outputs.influxdb::main metrics_written=100 metrics_written_per_s=" in caplog.text
    assert "write_errors=0 buffer_size=7" in caplog.text
    assert "lag.kafka_consumer partition=0 topic=t lag_messages=5 lag_seconds=0.250" in caplog.text


def test_rates_count_from_the_last_line():
    statistics = Statistics()
    output = statistics.plugin("outputs", "influxdb")
    log = StatisticsLog(statistics, 1)
    output.count("metrics_written", 100)
    log._line(output.snapshot(), 10)
    output.count("metrics_written", 50)
    assert "metrics_written=150 metrics_written_per_s=5" in log._line(output.snapshot(), 10)
