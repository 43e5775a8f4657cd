"""The warning about points that a replay would store twice."""

from __future__ import annotations

import pytest

from agent.config.load import load
from agent.replay import replay_warnings


@pytest.mark.parametrize(("options", "warned"), [
    ("data_format = 'influx'", False),
    ("data_format = 'json'", True),
    ("data_format = 'json'\njson_time_key = 't'\njson_time_format = 'unix'", False),
    ("data_format = 'json'\ntimestamp_source = 'inner'", False),
    ("data_format = 'value'", True),
    ("data_format = 'influx'\ntime_source = 'collection_start'", True),
])  # fmt: skip
def test_where_times_come_from(tmp_path, options, warned):
    file = tmp_path / "agent.toml"
    file.write_text(
        f"[[inputs.kafka_consumer]]\nbrokers = ['b:1']\ntopics = ['t']\n{options}\n[[outputs.influxdb]]\nurls = ['http://x']\n"
    )
    found = replay_warnings(load([str(file)]))
    assert bool(found) is warned
    assert all("stored twice" in warning and "timestamp_source" in warning for warning in found)


def test_an_output_that_leaves_times_out(tmp_path):
    file = tmp_path / "agent.toml"
    file.write_text("[[inputs.file]]\nfiles = ['x']\n[[outputs.influxdb]]\ninflux_omit_timestamp = true\n")
    assert "stores them twice" in replay_warnings(load([str(file)]))[0]
