"""The file output: formats, rotation, compression, durable dead letters."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from plugins.outputs.file import File
from plugins.serializers.influx import Influx
from plugins.serializers.json import Json
from pyagent import ConfigError, DeadLetter, Metric, MetricBatch, Record, Retry, StartupError
from pyagent.testing import make_plugin

ONE = MetricBatch([Metric("m", {"v": 1}, {"t": "x"}, 1_700_000_000_123_456_789)])


@pytest.fixture
def make():
    opened = []

    def make(serializer=None, **options):
        output = make_plugin(File, **options)
        output.serializer = serializer or make_plugin(Influx)
        output.open()
        opened.append(output)
        return output

    yield make
    for output in opened:
        output.close()


def test_it_appends(make, tmp_path):
    (tmp_path / "a").write_text("old\n")
    output = make(files=[str(tmp_path / "a"), str(tmp_path / "new" / "b")])
    output.write(ONE)
    assert (tmp_path / "a").read_text() == "old\nm,t=x v=1i 1700000000123456789\n"
    assert (tmp_path / "new" / "b").exists()


def test_json_has_telegrafs_form(make, tmp_path):
    make(make_plugin(Json), files=[str(tmp_path / "a")]).write(ONE)
    assert (tmp_path / "a").read_text() == '{"fields":{"v":1},"name":"m","tags":{"t":"x"},"timestamp":1700000000}\n'
    serializer = make_plugin(Json, json_timestamp_format="2006-01-02T15:04:05.000Z07:00")
    assert json.loads(serializer.serialize(ONE.metrics))["timestamp"] == "2023-11-14T22:13:20.123Z"


@pytest.mark.parametrize(("algorithm", "unpack"), [("gzip", gzip.decompress), ("zlib", zlib.decompress)])
def test_compression(make, tmp_path, algorithm, unpack):
    make(files=[str(tmp_path / "a")], compression_algorithm=algorithm).write(ONE)
    assert unpack((tmp_path / "a").read_bytes()).startswith(b"m,t=x v=1i")


def test_rotation_by_size_keeps_the_newest_archives(make, tmp_path):
    output = make(files=[str(tmp_path / "a.log")], rotation_max_size=10, rotation_max_archives=2)
    for _ in range(6):
        output.write(ONE)
    assert len(list(tmp_path.glob("a.*-*.log"))) == 2
    assert (tmp_path / "a.log").exists()


def test_dead_letters_survive_rotation(make, tmp_path):
    output = make(files=[str(tmp_path / "dead.jsonl")], rotation_max_size=10, rotation_max_archives=1)
    for offset in range(5):
        output.write_dead_letters(
            [DeadLetter("parse", "p", "why", Record(b"x", topic="t", partition=0, offset=offset))]
        )
    lines = [line for path in tmp_path.glob("dead*.jsonl") for line in path.read_text().splitlines()]
    assert sorted(json.loads(line)["offset"] for line in lines) == [0, 1, 2, 3, 4]


def test_a_torn_letter_does_not_take_the_next_with_it(make, tmp_path):
    path = tmp_path / "dead.jsonl"
    path.write_text('{"offset":0}\n{"offs')  # killed in the middle of a write
    make(files=[str(path)]).write_dead_letters([DeadLetter("parse", "p", "why", Record(b"x", topic="t", offset=7))])
    assert json.loads(path.read_text().splitlines()[-1])["offset"] == 7


def test_a_closed_pipe_is_waited_for(make, monkeypatch):
    class Closed:
        class buffer:
            @staticmethod
            def write(data):
                raise BrokenPipeError("Broken pipe")

    monkeypatch.setattr("sys.stdout", Closed)
    with pytest.raises(Retry, match="standard output"):
        make().write(ONE)


def test_a_full_disk_is_waited_for(make):
    output = make(files=["/dev/full"])
    with pytest.raises(Retry, match="No space left"):
        output.write(ONE)


def test_a_folder_that_cannot_be_made_is_a_startup_error(make, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StartupError, match="cannot append"):
        make(files=[str(tmp_path / "file" / "below")])


def test_long_metrics_are_split_over_lines():
    serializer = make_plugin(Influx, influx_max_line_bytes=40)
    metric = Metric("m", {f"field{i}": i for i in range(8)}, {"t": "x"}, 17)
    lines = serializer.serialize([metric]).splitlines(keepends=True)
    assert all(len(line) <= 40 for line in lines)
    assert len(lines) > 1
    assert all(line.endswith(b" 17\n") for line in lines)
    assert b"".join(lines).count(b"field") == 8


@pytest.mark.parametrize("options", [{"files": []}, {"compression_algorithm": "zstd"}, {"compression_level": 99}])
def test_what_cannot_work_is_refused(options):
    with pytest.raises(ConfigError):
        make_plugin(File, **options)
