"""Loading: places, merging, and every problem of a configuration at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import pytest

from agent.config.load import check, load, require_plugins
from agent.config.model import Config
from agent.contracts import Aggregator, Input, Output, Parser, Processor, Serializer
from agent.errors import ConfigError, ConfigProblem
from agent.options import NoConfig, config, option
from agent.registry import Registry
from agent.values import Duration, Secret


@config
class FileOptions:
    files: list[str] = option("Files.")
    limit: int = option("Limit.", default=0)
    token: Secret = option("Token.", default=Secret())


@config
class InfluxOptions:
    influx_strict: bool = option("Strict.", default=False)


@config
class CsvOptions:
    csv_header_row_count: int = option("Rows.", default=0)


class File(Input[FileOptions]):
    uses_parser = True

    def init(self) -> None:
        if self.config.limit < 0:
            raise ConfigError("must not be negative", key="limit")
        if self.config.limit == 13:
            raise ZeroDivisionError("bug")

    def gather(self):
        return []


class Exec(File):
    default_data_format = "csv"


class Influx(Parser[InfluxOptions]):
    def parse(self, data):
        return []


class Csv(Parser[CsvOptions]):
    def init(self) -> None:
        if self.config.csv_header_row_count > 5:
            raise ConfigError("is too large", key="csv_header_row_count")

    def parse(self, data):
        return []


class Out(Output[FileOptions]):
    uses_serializer = True
    takes_dead_letters = True

    def write(self, batch):
        pass


class Discard(Output[NoConfig]):
    def write(self, batch):
        pass


class Lines(Serializer[InfluxOptions]):
    def serialize(self, metrics):
        return b""


class Rename(Processor[NoConfig]):
    def apply(self, metrics):
        return metrics


class Final(Aggregator[NoConfig]):
    def add(self, metric):
        pass

    def push(self):
        return []

    def reset(self):
        pass


@pytest.fixture
def registry() -> Registry:
    registry = Registry([])
    for kind, name, cls in (
        ("inputs", "file", File),
        ("inputs", "exec", Exec),
        ("parsers", "influx", Influx),
        ("parsers", "csv", Csv),
        ("outputs", "file", Out),
        ("outputs", "discard", Discard),
        ("serializers", "influx", Lines),
        ("processors", "rename", Rename),
        ("aggregators", "final", Final),
    ):
        registry.add(kind, name, cls)
    return registry


@pytest.fixture
def read(registry: Registry, tmp_path: Path):
    def read(*texts: str, env: Optional[dict[str, str]] = None, **options: Any) -> Config:
        files = []
        for index, text in enumerate(texts):
            file = tmp_path / f"{index}.toml"
            file.write_text(text, encoding="utf-8")
            files.append(str(file))
        return load(files, registry=registry, environ=env or {}, **options)

    return read


@pytest.fixture
def problems(read, tmp_path: Path):
    def problems(*texts: str, **options: Any) -> list[tuple[int, str, str]]:
        with pytest.raises(ConfigError) as caught:
            read(*texts, **options)
        for problem in caught.value.problems:
            assert isinstance(problem, ConfigProblem)
            assert problem.file.startswith(str(tmp_path))
        return [(p.line, p.table, p.message) for p in caught.value.problems]

    return problems


def test_a_whole_configuration(read) -> None:
    loaded = read(
        """
        [global_tags]
          dc = "eu"
        [agent]
          interval = "5s"
          OmitHostname = true
        [[inputs.file]]
          files = ["a"]
          alias = "first"
          interval = 2.5
          influx_strict = true
          fieldpass = ["x"]
          [inputs.file.tags]
            a = "b"
          [inputs.file.tagpass]
            cpu = ["cpu*"]
        [[inputs.exec]]
          files = []
          csv_header_row_count = 2
        [[processors.rename]]
          order = 2
        [[processors.rename]]
        [[aggregators.final]]
          drop_original = "true"
          period = 10
        [[outputs.discard]]
        [outputs.file]
          files = ["stdout"]
          influx_strict = true
          metric_batch_size = "7"
        """
    )
    assert loaded.global_tags == {"dc": "eu"}
    assert loaded.agent.interval == Duration(5_000_000_000)
    assert loaded.agent.omit_hostname
    first, second = loaded.inputs
    assert first.identity == "inputs.file::first"
    assert first.common.interval == Duration(2_500_000_000)
    assert first.common.tags == {"a": "b"}
    assert first.common.tagpass == {"cpu": ["cpu*"]}
    assert first.common.fieldinclude == ["x"]
    assert (first.parser.name, first.parser.config.influx_strict) == ("influx", True)
    assert (first.line, first.header, first.key_lines["alias"]) == (7, "[[inputs.file]]", 9)
    assert "alias" in first.given
    assert "name_prefix" not in first.given
    assert (second.parser.name, second.parser.config.csv_header_row_count) == ("csv", 2)
    assert [table.common.order for table in loaded.processors] == [0, 2]
    assert loaded.aggregators[0].common.drop_original
    assert loaded.aggregators[0].common.period.seconds == 10
    assert loaded.outputs[1].common.metric_batch_size == 7
    assert loaded.outputs[1].serializer.config.influx_strict
    assert loaded.outputs[0].serializer is None


def test_every_problem_at_once_with_line_table_and_nearest_key(problems) -> None:
    assert problems(
        """[agent]
  intervall = "1s"
  interval = "0s"
[[inputs.file]]
  files = "x"
  csv_header_row_count = 1
  limt = 3
[[inputs.file]]
  files = ["x"]
  data_format = "infux"
  [inputs.file.tags]
    a = 1
[[inputs.fil]]
[[outputs.file]]
  metricpass = "x"
[nonsense]
  a = 1
[[outputs.discard]]
  dead_letter = true
""",
        '[[secretstores.os]]\nid = "a"\n',
    ) == [
        (2, "[agent]", 'unknown option "intervall"; did you mean "interval"?'),
        (5, "[[inputs.file]]", 'files: "x" is no list; write ["x"]'),
        (
            6,
            "[[inputs.file]]",
            'unknown option "csv_header_row_count"; it looks like an option of data_format = "csv"',
        ),
        (7, "[[inputs.file]]", 'unknown option "limt"; did you mean "limit"?'),
        (10, "[[inputs.file]]", 'data_format: unknown parser "infux"; did you mean "influx"?'),
        (12, "[inputs.file.tags]", 'tags.a: 1 is no text; write "1"'),
        (13, "[[inputs.fil]]", 'unknown input "fil"; did you mean "file"?'),
        (14, "[[outputs.file]]", 'the required option "files" is missing'),
        (15, "[[outputs.file]]", "metricpass is not supported yet; use namepass, tagpass or a processor"),
        (
            16,
            "[nonsense]",
            'unknown table "nonsense"; tables are agent, global_tags, inputs, processors, aggregators, outputs',
        ),
        (19, "[[outputs.discard]]", "dead_letter: outputs.discard cannot store dead letters; outputs.file can"),
        (1, "[[secretstores.os]]", 'unknown secret store "os"; `pyagent plugins list` shows those installed'),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a = 1\n", 1, "outside of any table"),
        ("[agent]\n[agent]\n", 2, "invalid TOML"),
        ("[agent]\ndebug = true\ndebug = true\n", 3, "invalid TOML"),
        ("[agent]\ninterval = ${I}\n", 2, 'a variable must stand in quotes: "${NAME}"'),
        ("[processors.rename]\n", 1, "write the header in double brackets: [[processors.rename]]"),
        ("[inputs]\nfile = 3\n", 2, "is no plugin table; write [[inputs.file]]"),
        ("[discard]\n", 1, "write [[outputs.discard]]"),
        ("[agents]\n", 1, 'did you mean "agent"?'),
        ("[global_tags]\na = 3\n", 2, 'write "3"'),
        ('[agent]\nbuffer_strategy = "disk"\n', 2, 'only "memory" is supported yet'),
        ('[agent]\nlogformat = "eventlog"\n', 2, "Windows event log is not supported"),
        ('[agent]\nlogformat = "xml"\n', 2, '"xml" is none of "text", "structured"'),
        ('[agent]\nlog_with_timezone = "Mars/Base"\n', 2, 'there is no time zone "Mars/Base"'),
        ('[agent]\ncollection_offset = "-1s"\n', 2, "must not be negative"),
        ('[[inputs.file]]\nfiles = []\ninterval = "-1s"\n', 3, "-1s is negative"),
        ('[[aggregators.final]]\nperiod = "0s"\n', 2, "is not positive"),
        ('[[inputs.file]]\nfiles = []\ntoken = "@{a:b}"\n', 3, "there is no secret store with the id"),
        ('[[inputs.file]]\nfiles = []\nbuffer_strategy = "disk"\n', 3, 'only "memory"'),
        ('[[inputs.file]]\nfiles = ["${GONE:?set it}"]\n', 2, "required variable GONE is missing a value: set it"),
    ],
)
def test_refusals(problems, text: str, line: int, message: str) -> None:
    ((found_line, _, found),) = problems(text)
    assert found_line == line
    assert message in found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[agent]\nsnmp_translator = "gosmi"\n', "snmp_translator has no effect"),
        ('[agent]\nstatefile = "/x"\n', "statefile has no effect"),
        ("[agent]\nbuffer_disk_sync = true\n", "there is no disk buffer"),
        ("[agent]\nconfig_url_retry_attempts = 3\n", "has no effect"),
        ('[[outputs.discard]]\n[outputs.discard.tags]\na = "b"\n', '"tags" has no effect on outputs.discard'),
        ("[[outputs.discard]]\n[outputs.discard.labels]\n", "there is no --select"),
        ('[[inputs.file]]\nfiles = []\nperiod = "1s"\n', '"period" has no effect on inputs.file'),
        ('[[outputs.discard]]\ndata_format = "json"\n', '"data_format" has no effect on outputs.discard'),
        ('[[inputs.file]]\nfiles = []\npass = ["a"]\n', '"pass" is an older name of "fieldinclude"'),
        ('[[inputs.file]]\nfiles = ["$NOT_SET"]\n', "environment variable NOT_SET is not set"),
    ],
)
def test_what_telegraf_takes_without_effect_is_a_warning(read, text: str, message: str) -> None:
    (warning,) = read(text).warnings
    assert message in warning
    assert ".toml:" in warning


def test_later_files_win_key_by_key(read) -> None:
    loaded = read(
        '[agent]\ninterval = "1s"\nhostname = "a"\n[global_tags]\nx = "1"\ny = "1"\n[[inputs.file]]\nfiles = ["1"]',
        '[agent]\ninterval = "2s"\n[tags]\ny = "2"\n[[plugins.file]]\nfiles = ["2"]',
    )
    assert (loaded.agent.interval.seconds, loaded.agent.hostname) == (2, "a")
    assert loaded.global_tags == {"x": "1", "y": "2"}
    assert [table.config.files for table in loaded.inputs] == [["1"], ["2"]]
    assert "1.toml:2: [agent]: interval replaces the value of" in loaded.warnings[0]


def test_strict_variables_stand_in_text_also_for_numbers(read) -> None:
    env = {"N": "12", "B": "true", "EVIL": 'x" \\ [[y]]', "T": "3s"}
    loaded = read(
        '[agent]\nmetric_batch_size = "${N}"\ndebug = "$B"\ninterval = "${T}"\n'
        '[[inputs.file]]\nfiles = ["$EVIL"]\nlimit = "$N"\n',
        env=env,
    )
    assert (loaded.agent.metric_batch_size, loaded.agent.debug, loaded.agent.interval.seconds) == (12, True, 3)
    assert loaded.inputs[0].config.files == [env["EVIL"]]
    assert loaded.inputs[0].config.limit == 12


def test_non_strict_variables_stand_anywhere_but_in_comments(read) -> None:
    text = "# ${GONE:?never}\n[agent]\nmetric_batch_size = ${N} # ${GONE:?}\n${MORE}\n"
    loaded = read(text, env={"N": "12", "MORE": "[[inputs.file]]\nfiles = []"}, env_mode="non-strict")
    assert loaded.agent.metric_batch_size == 12
    assert len(loaded.inputs) == 1


def test_byte_order_mark_line_ends_and_bad_files(registry: Registry, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_bytes(b"\xef\xbb\xbf[agent]\r\ndebug = true\r\n")
    assert load([str(good)], registry=registry).agent.debug
    bad.write_bytes(b"[agent]\n# \xff\n")
    with pytest.raises(ConfigError) as caught:
        load([str(bad), str(tmp_path / "missing.toml"), str(tmp_path)], registry=registry)
    messages = [problem.message for problem in caught.value.problems]
    assert "no UTF-8 text" in messages[0]
    assert "No such file" in messages[1]
    assert "directory" in messages[2]


def test_directories_in_lexical_order(registry: Registry, tmp_path: Path) -> None:
    for name in ("b.conf", "a/z.conf", "a/a.conf", "..data/x.conf", "c.txt", ".conf", "d.CONF"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f'[[inputs.file]]\nfiles = ["{name}"]\n', encoding="utf-8")
    loaded = load([], [str(tmp_path)], registry=registry)
    assert [table.config.files[0] for table in loaded.inputs] == ["a/a.conf", "a/z.conf", "b.conf"]
    for empty in (tmp_path / "..data" / "none", tmp_path / "not_there"):
        with pytest.raises(ConfigError, match=empty.name):
            load([], [str(empty)], registry=registry)


def test_default_places(registry: Registry, tmp_path: Path) -> None:
    named, home = tmp_path / "named.toml", tmp_path / ".telegraf" / "telegraf.conf"
    home.parent.mkdir()
    named.write_text('[agent]\nhostname = "named"\n', encoding="utf-8")
    home.write_text('[agent]\nhostname = "home"\n', encoding="utf-8")
    base = {"HOME": str(tmp_path)}
    assert load(registry=registry, environ=base).agent.hostname == "home"
    for variable in ("PYAGENT_CONFIG_PATH", "TELEGRAF_CONFIG_PATH"):
        assert load(registry=registry, environ={**base, variable: str(named)}).agent.hostname == "named"
    with pytest.raises(ConfigError, match="URL are not supported yet"):
        load(registry=registry, environ={"TELEGRAF_CONFIG_PATH": "https://host/x"})
    with pytest.raises(ConfigError, match="URL are not supported yet"):
        load(["http://host/x"], registry=registry)


def test_nothing_to_do_is_refused(read) -> None:
    with pytest.raises(ConfigError, match="no input") as caught:
        require_plugins(read("[agent]\n"))
    assert "no output" in str(caught.value)
    only_letters = read("[[inputs.file]]\nfiles = []\n[[outputs.file]]\nfiles = []\ndead_letter = true\n")
    with pytest.raises(ConfigError, match="no output but for dead letters"):
        require_plugins(only_letters)
    require_plugins(only_letters, outputs=False)


def test_plugins_check_themselves_and_are_told_where(read) -> None:
    loaded = read(
        "[[inputs.file]]\n  files = []\n  limit = -1\n"
        '[[inputs.exec]]\n  files = []\n  csv_header_row_count = 9\n  alias = "x"\n'
        "[[inputs.file]]\n  files = []\n  limit = 13\n[[outputs.discard]]\n"
    )
    with pytest.raises(ConfigError) as caught:
        check(loaded)
    found = [(p.line, p.table, p.message) for p in caught.value.problems]
    assert found == [
        (3, "[[inputs.file]]", "limit: must not be negative"),
        (6, "[[inputs.exec]]", "csv_header_row_count: is too large"),
        (8, "[[inputs.file]]", "inputs.file (added at run time) failed: ZeroDivisionError: bug"),
    ]


def test_processors_run_as_they_stand_in_the_file_whatever_their_names(read, registry: Registry) -> None:
    registry.add("processors", "other", type("Other", (Rename,), {}))
    text = "[[processors.{}]]\nalias = '{}'\norder = {}\n"
    first = "".join(text.format(*row) for row in (("rename", "a", 0), ("other", "b", 0), ("rename", "c", -1)))
    second = "".join(text.format(*row) for row in (("other", "d", 0), ("rename", "e", 0), ("other", "f", 0)))
    assert "".join(table.common.alias for table in read(first, second).processors) == "cabdef"


def test_zero_sizes_mean_the_defaults(read) -> None:
    agent = read("[agent]\nmetric_batch_size = 0\nmetric_buffer_limit = 0\n").agent
    assert (agent.metric_batch_size, agent.metric_buffer_limit) == (5000, 10_000)


def test_plugins_own_complaints_come_with_all_others(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text("[[inputs.file]]\nfiels = ['x']\n[[outputs.influxdb]]\nurls = ['ftp://x']\n")
    with pytest.raises(ConfigError) as found:
        load([str(file)])
    assert [problem.line for problem in found.value.problems] == [2, 4]
