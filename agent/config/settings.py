"""The options of ``[agent]``."""

from __future__ import annotations

import socket

from agent.options import config, option
from agent.values import Duration, Size

__all__ = ["AgentConfig"]

_SECOND = 1_000_000_000


@config
class AgentConfig:
    """``[agent]``: what concerns the whole agent, and defaults for its plugins."""

    interval: Duration = option("How often polled inputs are asked for metrics.", default=Duration(10 * _SECOND))
    round_interval: bool = option(
        "Collect at multiples of the interval (:00, :10, :20 …) instead of counting from the start.", default=True
    )
    precision: Duration = option(
        "Round the times of polled metrics to this. 0: derived from the interval (1s, 1ms, 1us or 1ns). "
        "Metrics of service inputs such as kafka_consumer keep every nanosecond.",
        default=Duration(0),
    )
    collection_jitter: Duration = option(
        "Delay each collection by a random time below this, so that many agents do not ask at once.",
        default=Duration(0),
    )
    collection_offset: Duration = option("Shift every collection by this.", default=Duration(0))
    flush_interval: Duration = option(
        "An output writes at the latest when its oldest metric has waited this long. Usually it writes earlier: "
        "when a batch is full, when an input waits, or after flush_linger. (Telegraf's default is 10s.)",
        default=Duration(_SECOND),
    )
    flush_jitter: Duration = option("Lengthen each flush_interval by a random time below this.", default=Duration(0))
    flush_linger: Duration = option(
        "An idle output writes what has waited this long: low latency without requests of one point.",
        default=Duration(100_000_000),
    )
    metric_batch_size: int = option(
        "At most so many metrics in one write. 0: 5000. (Telegraf's default is 1000.)", default=5000
    )
    metric_buffer_limit: int = option(
        "So many metrics of polled inputs are kept for an output that cannot be reached; then the oldest go, "
        "counted and logged. Metrics from Kafka never go: their topic is read no further instead. 0: 10000.",
        default=10_000,
    )
    memory_limit: Size = option(
        "Bytes that may be under way in this process, the Kafka client's queue included. It governs intake: nothing "
        "else has to be sized.",
        default=Size(64 * 1024 * 1024),
        example="64MiB",
    )
    shutdown_timeout: Duration = option(
        "On SIGTERM or SIGINT: drain, write and commit for at most this long.", default=Duration(10 * _SECOND)
    )
    state_directory: str = option(
        "Where dead letters go when no output takes them. Empty: $STATE_DIRECTORY, else $XDG_STATE_HOME/pyagent, "
        "else ~/.local/state/pyagent.",
        default="",
    )
    dead_letter_max_size: Size = option(
        "Begin a new dead-letter file at this size. Old ones are kept: nothing is deleted.",
        default=Size(64 * 1024 * 1024),
        example="64MiB",
    )
    dead_letter_total_size: Size = option(
        "Most bytes of all dead-letter files together; 0: no bound. What happens then, dead_letter_on_full says.",
        default=Size(0),
        example="10GiB",
    )
    dead_letter_on_full: str = option(
        "wait: sources of dead letters wait until files are taken away. drop_oldest: the oldest file is deleted.",
        default="wait",
        choices=("wait", "drop_oldest"),
    )
    debug: bool = option("Log at debug level.", default=False)
    quiet: bool = option("Log errors only.", default=False)
    logformat: str = option(
        'How log lines look: "text" or "structured" (JSON).', default="text", choices=("text", "structured")
    )
    logfile: str = option("Log to this file; empty: to standard error.", default="")
    logtarget: str = option(
        "Where to log.", default="", choices=("", "stderr", "file"), deprecated="use logfile, or nothing for stderr"
    )
    structured_log_message_key: str = option("The JSON key of the message.", default="msg")
    logfile_rotation_interval: Duration = option("Begin a new log file after this time; 0: never.", default=Duration(0))
    logfile_rotation_max_size: Size = option("Begin a new log file at this size; 0: never.", default=Size(0))
    logfile_rotation_max_archives: int = option("Keep so many old log files; -1: all.", default=5)
    log_with_timezone: str = option('Time zone of log lines: an IANA name or "local"; empty: UTC.', default="")
    statistics: bool = option(
        "Log rates, lag and buffer fill of every plugin once an interval (like --statistics).", default=False
    )
    hostname: str = option("Value of the tag host; empty: the name of this machine.", default="")
    omit_hostname: bool = option("Do not add the tag host.", default=False)
    always_include_local_tags: bool = option(
        "Add a plugin's own tags even where its taginclude or tagexclude would remove them.", default=False
    )
    always_include_global_tags: bool = option("The same for the global tags.", default=False)
    skip_processors_after_aggregators: bool = option(
        "Do not run the processors a second time over what aggregators emit.", default=False
    )
    buffer_strategy: str = option(
        'Where outputs buffer: "memory". ("disk" is not supported yet.)', default="memory", choices=("", "memory")
    )

    def host(self) -> str:
        """The value of the tag ``host``."""
        return self.hostname or socket.gethostname()
