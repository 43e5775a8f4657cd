"""From checked settings to a pipeline: the only module that knows both."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any, Optional, Union

from agent.batch import MetricBatch
from agent.budget import MemoryBudget
from agent.config.common import InputCommon, OutputCommon
from agent.config.load import placed
from agent.config.model import Config, PluginTable
from agent.contracts import Output, Parser, Plugin, StreamInput
from agent.dead_letters.file import DeadLetterFile, state_directory
from agent.dead_letters.letter import DeadLetter
from agent.dead_letters.writer import DeadLetterSink, DeadLetterWriter
from agent.errors import ConfigError, ConfigProblem, StartupError
from agent.flow import Flow
from agent.log import plugin_logger
from agent.pipeline import Pipeline
from agent.replay import replay_warnings
from agent.running.aggregator import RunningAggregator
from agent.running.input import RunningInput
from agent.running.intake import Intake
from agent.running.output import OutputTiming, RunningOutput
from agent.running.processor import RunningProcessor
from agent.running.stream import RunningStream
from agent.series import SeriesCounter
from agent.statistics_log import StatisticsLog
from agent.stats import Statistics

__all__ = ["build_pipeline"]

log = logging.getLogger("agent")

_INPUT_COUNTERS = ("metrics_gathered", "metrics_filtered", "errors", "gather_errors", "gather_timeouts")
_OUTPUT_COUNTERS = (
    "metrics_added",
    "metrics_written",
    "metrics_filtered",
    "metrics_dropped",
    "metrics_rejected",
    "write_errors",
)


class _PrintingOutput(Output[Any]):
    """``--test``: prints what outputs would get, in Telegraf's form."""

    def write(self, batch: MetricBatch) -> None:
        for line in batch.encode_lines(uint_support=True, sort_fields=True):
            if line:
                sys.stdout.buffer.write(b"> " + line + b"\n")
        sys.stdout.buffer.flush()


class _DeadLetterOutputs(DeadLetterSink):
    """Dead letters to the outputs that are configured for them: stored when all of them have."""

    def __init__(self, outputs: Sequence[Output[Any]]) -> None:
        self._outputs = outputs
        self._opened: set[int] = set()

    def write(self, letters: Sequence[DeadLetter]) -> None:
        for output in self._outputs:
            if id(output) not in self._opened:
                output.open()
                self._opened.add(id(output))
            output.write_dead_letters(letters)

    def close(self) -> None:
        for output in self._outputs:
            output.close()


class _Builder:
    def __init__(self, config: Config, mode: str, test_wait: float, statistics: bool) -> None:
        self.config = config
        self.agent = config.agent
        self.mode = mode
        self.test_wait = test_wait
        self.statistics = Statistics()
        self.show_statistics = statistics or self.agent.statistics
        self.global_tags = dict(config.global_tags)
        if not self.agent.omit_hostname:
            self.global_tags["host"] = self.agent.host()
        self.problems: list[ConfigProblem] = []
        self.pipeline: Optional[Pipeline] = None

    # -- plugins

    def _make(self, table: PluginTable) -> Any:
        level = table.common.log_level
        plugin = table.plugin(table.config, plugin_logger(table.identity, level), table.identity)
        if table.serializer is not None:
            plugin.serializer = self._make_format(table, table.serializer)
        self._init(plugin, table)
        return plugin

    def _make_format(self, table: PluginTable, format_table: Any) -> Any:
        logger = plugin_logger(table.identity, table.common.log_level)
        made = format_table.plugin(format_table.config, logger, f"{table.identity} ({format_table.name})")
        if isinstance(made, Parser):
            made.default_name = table.name
        self._init(made, table)
        return made

    def _init(self, plugin: Plugin[Any], table: PluginTable) -> None:
        try:
            plugin.init()
        except ConfigError as error:
            self.problems += placed(error, table)

    def _parser(self, table: PluginTable) -> Optional[Parser[Any]]:
        return None if table.parser is None else self._make_format(table, table.parser)

    # -- kinds

    def dead_letters(self) -> DeadLetterWriter:
        tables = [t for t in self.config.outputs if isinstance(t.common, OutputCommon) and t.common.dead_letter]
        sink: DeadLetterSink
        if tables and self.mode != "test":
            sink = _DeadLetterOutputs([self._make(table) for table in tables])
        else:
            agent = self.agent
            file = DeadLetterFile(
                state_directory(agent.state_directory),
                agent.dead_letter_max_size,
                agent.dead_letter_total_size,
                drop_oldest=agent.dead_letter_on_full == "drop_oldest",
            )
            if self.mode == "run":
                file.check()
            sink = file
        return DeadLetterWriter(sink, self.statistics)

    def outputs(self, dead_letters: DeadLetterWriter) -> list[RunningOutput]:
        if self.mode == "test":
            printing = _PrintingOutput(None, plugin_logger("outputs.test", ""), "outputs.test")
            return [self._output(printing, OutputCommon(), "test", dead_letters, "pyagent")]
        found = []
        for table in self.config.outputs:
            common = table.common
            assert isinstance(common, OutputCommon)
            if not common.dead_letter:
                found.append(self._output(self._make(table), common, table.name, dead_letters, table.distribution))
        return found

    def _output(
        self, plugin: Output[Any], common: OutputCommon, name: str, dead_letters: DeadLetterWriter, distribution: str
    ) -> RunningOutput:
        agent = self.agent
        interval = agent.flush_interval if common.flush_interval is None else common.flush_interval
        jitter = agent.flush_jitter if common.flush_jitter is None else common.flush_jitter
        linger = agent.flush_linger if common.flush_linger is None else common.flush_linger
        timing = OutputTiming(
            common.metric_batch_size or agent.metric_batch_size or 5000,
            (interval or agent.flush_interval).seconds,
            jitter.seconds,
            linger.seconds,
        )
        return RunningOutput(
            plugin,
            common,
            timing,
            common.metric_buffer_limit or agent.metric_buffer_limit or 10_000,
            dead_letters,
            self.statistics.plugin("outputs", name, common.alias, _OUTPUT_COUNTERS),
            distribution=distribution,
            on_fatal=self._fatal,
        )

    def _fatal(self, reason: str) -> None:
        if self.pipeline is not None:
            self.pipeline.fatal(reason)

    def chain(self) -> list[RunningProcessor]:
        found = []
        for table in self.config.processors:
            stats = self.statistics.plugin("processors", table.name, table.common.alias, ("errors",))
            found.append(RunningProcessor(self._make(table), table.common, table.distribution, stats))  # type: ignore[arg-type]
        return found

    def aggregators(self, flow: Flow) -> None:
        for table in self.config.aggregators:
            stats = self.statistics.plugin("aggregators", table.name, table.common.alias, ("metrics_dropped",))
            flow.aggregators.append(
                RunningAggregator(
                    self._make(table),
                    table.common,  # type: ignore[arg-type]
                    flow.publish_aggregates,
                    round_interval=self.agent.round_interval,
                    precision=self._precision(self.agent.interval),
                    stats=stats,
                )
            )

    def _precision(self, interval: int) -> int:
        if self.agent.precision:
            return self.agent.precision
        return next((unit for unit in (10**9, 10**6, 10**3) if interval >= unit), 1)

    def input(
        self, table: PluginTable, flow: Flow, dead_letters: DeadLetterWriter, budget: MemoryBudget
    ) -> Union[RunningInput, RunningStream]:
        common = table.common
        assert isinstance(common, InputCommon)
        agent = self.agent
        plugin = self._make(table)
        parser = self._parser(table)
        stats = self.statistics.plugin("inputs", table.name, common.alias, _INPUT_COUNTERS)
        interval = common.interval or agent.interval
        is_stream = isinstance(plugin, StreamInput)
        precision = common.precision or (1 if is_stream else self._precision(interval))
        intake = Intake(
            common,
            self.global_tags,
            precision,
            agent.always_include_local_tags,
            agent.always_include_global_tags,
            stats,
            self._series(table),
        )
        if is_stream:
            stream = RunningStream(
                plugin,
                parser,
                intake,
                flow,
                dead_letters,
                budget,
                stats,
                commits=self.mode != "test",
                queue_bytes=self._queue_bytes(),
            )
            self.statistics.source(stream.lag)
            return stream
        plugin.statistics = self.statistics.snapshot
        jitter = agent.collection_jitter if common.collection_jitter is None else common.collection_jitter
        offset = common.collection_offset or agent.collection_offset
        return RunningInput(
            plugin,
            parser,
            intake,
            flow,
            dead_letters,
            stats,
            interval=interval.seconds,
            jitter=jitter.seconds,
            offset=offset.seconds,
            aligned=agent.round_interval,
        )

    def _queue_bytes(self) -> int:
        """What each stream input's client may hold, so that all together hold a quarter of the limit."""
        streams = sum(1 for table in self.config.inputs if issubclass(table.plugin, StreamInput))
        return max(self.agent.memory_limit // 4 // max(streams, 1), 1 << 20)

    def _series(self, table: PluginTable) -> Optional[SeriesCounter]:
        """Counting series looks at every metric: only where somebody reads the figures."""
        if not self.show_statistics and not any(t.name == "internal" for t in self.config.inputs):
            return None
        counter = SeriesCounter(table.name, table.common.alias)
        self.statistics.source(counter.snapshot)
        return counter

    def build(self) -> Pipeline:
        config, agent = self.config, self.agent
        dead_letters = self.dead_letters()
        outputs = self.outputs(dead_letters)
        again = bool(config.aggregators) and not agent.skip_processors_after_aggregators
        flow = Flow(self.chain(), self.chain() if again else [], outputs, dead_letters)
        self.aggregators(flow)
        budget = MemoryBudget(agent.memory_limit - agent.memory_limit // 4)  # a quarter is the clients'
        running = [(self.input(t, flow, dead_letters, budget), t.common) for t in config.inputs]
        if self.problems:
            raise ConfigError(self.problems)
        if not running:
            raise ConfigError("the configuration has no inputs: add an [[inputs.…]] table")
        if not outputs and self.mode != "test":
            raise ConfigError("the configuration has no outputs: add an [[outputs.…]] table")
        inputs = [(r, c.startup_error_behavior) for r, c in running if isinstance(r, RunningInput)]  # type: ignore[union-attr]
        streams = [(r, c.startup_error_behavior) for r, c in running if isinstance(r, RunningStream)]  # type: ignore[union-attr]
        statistics_log = StatisticsLog(self.statistics, agent.interval.seconds) if self.show_statistics else None
        behaviors = {t.identity: t.common.startup_error_behavior for t in config.outputs}  # type: ignore[union-attr]
        for warning in replay_warnings(config):
            log.warning("%s", warning)
        self.pipeline = Pipeline(
            inputs=inputs,
            streams=streams,
            flow=flow,
            dead_letters=dead_letters,
            statistics=self.statistics,
            shutdown_timeout=agent.shutdown_timeout.seconds,
            mode=self.mode,
            test_wait=self.test_wait,
            statistics_log=statistics_log,
            behaviors=behaviors,
        )
        return self.pipeline


def build_pipeline(
    config: Config,
    *,
    registry: Any = None,
    mode: str = "run",
    test_wait: float = 0.0,
    statistics: bool = False,
) -> Pipeline:
    """Make the pipeline of a configuration; nothing is started or connected.

    Args:
        config: From ``agent.config.load``.
        registry: Unused here; the tables carry their plugins' classes.
        mode: ``run``; ``once`` (collect once, write, end); ``test`` (collect once, print, write nothing).
        test_wait: Seconds that ``once`` and ``test`` give to stream inputs.
        statistics: Log the figures once an interval.

    Raises:
        ConfigError: What plugins' own checks found, all of it.
    """
    try:
        return _Builder(config, mode, test_wait, statistics).build()
    except StartupError as error:
        raise ConfigError(str(error)) from error
