"""The public API of pyagent. Import everything from here; ``agent`` and ``plugins`` are private."""

from __future__ import annotations

import importlib.util as _util
from pathlib import Path as _Path

# The private halves of this distribution have names that a stranger's file may well have too. A clear
# refusal beats a puzzling AttributeError: both must stand beside this very package.
for _name in ("agent", "plugins"):
    _spec = _util.find_spec(_name)
    _found = _Path(_spec.origin).resolve() if _spec is not None and _spec.origin else None
    if _found is None or _found.parent.parent != _Path(__file__).resolve().parent.parent:
        raise ImportError(
            f"pyagent needs its own package {_name!r}, but Python finds {_found or 'none'}. "
            f"Rename or move that file, start from another directory, or reinstall pyagent-telemetry."
        )

from agent.batch import LineBatch, MetricBatch  # noqa: E402
from agent.contracts import (  # noqa: E402
    Aggregator,
    Input,
    Output,
    Parsed,
    ParseFailure,
    Parser,
    Plugin,
    Processor,
    SecretStore,
    Serializer,
    StreamInput,
    StreamRuntime,
)
from agent.dead_letters.letter import DeadLetter, DeadPoint  # noqa: E402
from agent.errors import (  # noqa: E402
    BadLine,
    ConfigError,
    ConfigProblem,
    Fatal,
    ParseError,
    PartialWrite,
    PluginError,
    ProcessorError,
    PyAgentError,
    Retry,
    StartupError,
)
from agent.globs import compile_globs  # noqa: E402
from agent.line_protocol.encode import format_float  # noqa: E402
from agent.metric import FieldValue, Metric, Uint  # noqa: E402
from agent.options import NoConfig, config, option  # noqa: E402
from agent.record import Origin, Record, RecordChunk  # noqa: E402
from agent.stats import Snapshot  # noqa: E402
from agent.values import Duration, Secret, Size  # noqa: E402

__all__ = [
    "Aggregator",
    "BadLine",
    "ConfigError",
    "ConfigProblem",
    "DeadLetter",
    "DeadPoint",
    "Duration",
    "Fatal",
    "FieldValue",
    "Input",
    "LineBatch",
    "Metric",
    "MetricBatch",
    "NoConfig",
    "Origin",
    "Output",
    "ParseError",
    "ParseFailure",
    "Parsed",
    "Parser",
    "PartialWrite",
    "Plugin",
    "PluginError",
    "Processor",
    "ProcessorError",
    "PyAgentError",
    "Record",
    "RecordChunk",
    "Retry",
    "Secret",
    "SecretStore",
    "Serializer",
    "Size",
    "Snapshot",
    "StartupError",
    "StreamInput",
    "StreamRuntime",
    "Uint",
    "compile_globs",
    "config",
    "format_float",
    "option",
]

__version__ = "0.1.0"
