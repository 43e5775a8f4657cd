"""The options that the runtime gives to every plugin of a kind."""

from __future__ import annotations

from typing import Optional

from agent.options import config, option
from agent.values import Duration

__all__ = ["AggregatorCommon", "FilterConfig", "InputCommon", "OutputCommon", "ProcessorCommon"]


@config
class FilterConfig:
    """Which metrics a plugin sees, and which of their tags and fields."""

    namepass: list[str] = option("Take only metrics whose name matches one of these globs.", default=[])
    namepass_separator: str = option("Characters that * and ? of namepass do not match.", default="")
    namedrop: list[str] = option("Leave out metrics whose name matches one of these globs.", default=[])
    namedrop_separator: str = option("Characters that * and ? of namedrop do not match.", default="")
    tagpass: dict[str, list[str]] = option(
        "Take only metrics with a tag whose value matches one of its globs.", default={}
    )
    tagdrop: dict[str, list[str]] = option("Leave out metrics with a tag whose value matches.", default={})
    fieldinclude: list[str] = option("Keep only fields whose name matches.", default=[], aliases=("fieldpass", "pass"))
    fieldexclude: list[str] = option("Remove fields whose name matches.", default=[], aliases=("fielddrop", "drop"))
    taginclude: list[str] = option("Keep only tags whose name matches.", default=[])
    tagexclude: list[str] = option("Remove tags whose name matches.", default=[])


@config
class _AnyCommon(FilterConfig):
    alias: str = option("A name for this instance, shown in logs and statistics.", default="")
    log_level: str = option(
        "Log level of this plugin alone.", default="", choices=("", "error", "warn", "info", "debug", "trace")
    )


@config
class _NamingCommon(_AnyCommon):
    name_override: str = option("Replaces the metric's name.", default="")
    name_prefix: str = option("Put before the name.", default="")
    name_suffix: str = option("Put after the name.", default="")


_STARTUP = (
    "What to do when the service behind the plugin cannot be reached at start: error (stop the agent), retry "
    "(keep trying), ignore (go on without the plugin), probe (as ignore). Unset: retry for Kafka and InfluxDB, "
    "else error."
)


@config
class InputCommon(_NamingCommon):
    """Options of every input."""

    startup_error_behavior: str = option(_STARTUP, default="", choices=("", "error", "retry", "ignore", "probe"))
    time_source: str = option(
        "Where a metric's time is from: metric (itself), collection_start or collection_end (of the collection; for "
        "service inputs both are the time at which it was read).",
        default="metric",
        choices=("metric", "collection_start", "collection_end"),
    )
    interval: Optional[Duration] = option("Overrides the agent's interval.", default=None)
    precision: Optional[Duration] = option("Overrides the agent's precision.", default=None)
    collection_jitter: Optional[Duration] = option("Overrides the agent's collection_jitter.", default=None)
    collection_offset: Optional[Duration] = option("Overrides the agent's collection_offset.", default=None)
    tags: dict[str, str] = option("Tags to add where a metric lacks them.", default={})


@config
class OutputCommon(_NamingCommon):
    """Options of every output."""

    startup_error_behavior: str = option(_STARTUP, default="", choices=("", "error", "retry", "ignore"))
    flush_interval: Optional[Duration] = option("Overrides the agent's flush_interval.", default=None)
    flush_jitter: Optional[Duration] = option("Overrides the agent's flush_jitter.", default=None)
    flush_linger: Optional[Duration] = option("Overrides the agent's flush_linger.", default=None)
    metric_batch_size: int = option("Overrides the agent's metric_batch_size; 0: does not.", default=0)
    metric_buffer_limit: int = option("Overrides the agent's metric_buffer_limit; 0: does not.", default=0)
    dead_letter: bool = option(
        "This output stores dead letters, and nothing else. Only for outputs that can.", default=False
    )
    ack: str = option(
        "required: an input counts a record as delivered when this output has written it. best_effort: it does not "
        "wait for this output, which loses the oldest metrics of its buffer (counted) if it cannot keep up.",
        default="required",
        choices=("required", "best_effort"),
    )


@config
class ProcessorCommon(_AnyCommon):
    """Options of every processor."""

    order: int = option("Processors run in this order; without it first, as they stand in the file.", default=0)


@config
class AggregatorCommon(_NamingCommon):
    """Options of every aggregator."""

    period: Duration = option("Length of a window.", default=Duration(30_000_000_000))
    delay: Duration = option(
        "Metrics up to this much after the end of the window still count to it.", default=Duration(100_000_000)
    )
    grace: Duration = option("Metrics up to this much before its start still count to it.", default=Duration(0))
    drop_original: bool = option("Pass on the results alone, not what they were made of.", default=False)
    tags: dict[str, str] = option("Tags to add to the results where they lack them.", default={})
