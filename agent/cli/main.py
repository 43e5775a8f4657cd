"""``pyagent``: the command group, and its default, which runs the agent."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, NoReturn, Optional

import click

from agent.cli.options import ConfigChoice, config_options
from agent.errors import ConfigError, PluginError, PyAgentError

__all__ = ["cli", "main"]

log = logging.getLogger("agent")

#: Sub-command -> module and attribute of its click command; imported when it is called.
_COMMANDS = {
    "config": ("agent.cli.config_commands", "config"),
    "plugins": ("agent.cli.plugin_commands", "plugins"),
    "demo": ("agent.demo.command", "demo"),
}
#: Telegraf's users write long options with one dash, too.
_LONG = [
    "--config",
    "--config-directory",
    "--test",
    "--test-wait",
    "--once",
    "--quiet",
    "--debug",
    "--strict-env-handling",
    "--non-strict-env-handling",
    "--old-env-behavior",
    "--statistics",
    "--version",
    "--help",
]
_REFUSED = 2


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *(name for name in _COMMANDS if _exists(_COMMANDS[name][0]))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> Optional[click.Command]:
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, attribute = _COMMANDS[cmd_name]
        if not _exists(module):
            return None
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # its package is not there
        return False


@click.group(cls=_LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@config_options
@click.option("--test", is_flag=True, help="Collect once, print the metrics, write nothing.")
@click.option(
    "--test-wait",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="Give service inputs this long; alone it implies --test.",
)
@click.option("--once", is_flag=True, help="Collect once, write, and end.")
@click.option("--statistics", is_flag=True, help="Log rates, lag and buffer fill once an interval.")
@click.option("--quiet", is_flag=True, help="Log errors only.")
@click.option("--debug", is_flag=True, help="Log at debug level.")
@click.option(
    "--watch-config",
    type=click.Choice(["notify", "poll"]),
    help="Reload when a configuration file changes. Both look at the files.",
)
@click.option("--watch-interval", default="250ms", metavar="DURATION", help="How often to look (250ms).")
@click.option(
    "--watch-debounce-interval", default="0s", metavar="DURATION", help="Wait until nothing changes for so long (0s)."
)
@click.option("--version", is_flag=True, help="Print the version.")
@click.pass_context
def cli(
    ctx: click.Context,
    choice: ConfigChoice,
    test: bool,
    test_wait: float,
    once: bool,
    statistics: bool,
    quiet: bool,
    debug: bool,
    watch_config: Optional[str],
    watch_interval: str,
    watch_debounce_interval: str,
    version: bool,
) -> Optional[int]:
    """Move metrics as agent.toml says: pyagent --config agent.toml."""
    ctx.obj = choice
    if version:
        click.echo(f"pyagent {_version_text()}")
        ctx.exit(0)
    if ctx.invoked_subcommand is not None:
        return None
    if test and once:
        raise click.UsageError("--test and --once exclude each other")
    mode = "once" if once else "test" if test or test_wait else "run"
    watch = None
    if watch_config:
        if not choice.files and not choice.directories:
            raise click.UsageError("--watch-config needs --config or --config-directory: what to watch")
        watch = (_seconds(watch_interval), _seconds(watch_debounce_interval))
    return _run(choice, mode, test_wait, statistics, quiet, debug, watch)


def _seconds(text: str) -> float:
    from agent.values import Duration

    try:
        return Duration.parse(text).seconds
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _run(
    choice: ConfigChoice,
    mode: str,
    test_wait: float,
    statistics: bool,
    quiet: bool,
    debug: bool,
    watch: Optional[tuple[float, float]] = None,
) -> int:
    from agent import log as logging_setup
    from agent.build import build_pipeline
    from agent.config.load import load, require_plugins
    from agent.pipeline import Pipeline
    from agent.registry import Registry

    registry = Registry()

    def build() -> Pipeline:
        config = load(
            choice.files, choice.directories, env_mode=choice.env_mode, old_env=choice.old_env, registry=registry
        )
        require_plugins(config, outputs=mode != "test")
        logging_setup.setup(config.agent, debug=debug, quiet=quiet)
        log.info("Starting pyagent %s", _version_text())
        for file in config.files:
            log.info("Loading config: %s", file)
        for warning in config.warnings:
            log.warning("%s", warning)
        for kind in ("inputs", "processors", "aggregators", "outputs"):
            log.info("Loaded %s: %s", kind, _counted(table.name for table in getattr(config, kind)))
        return build_pipeline(config, registry=registry, mode=mode, test_wait=test_wait, statistics=statistics)

    if mode != "run":
        pipeline = build()
        _on_signals(pipeline.stop)
        code: int = pipeline.run()
        return code
    from agent.supervisor import Supervisor

    supervisor = Supervisor(build)
    _on_signals(supervisor.stop, lambda: supervisor.reload("SIGHUP"))
    if watch is not None:
        from agent.watch import ConfigWatch

        ConfigWatch(choice.files, choice.directories, *watch, supervisor.reload).start()
    return supervisor.run()


def _version_text() -> str:
    import pyagent

    return pyagent.__version__


def _counted(names: Any) -> str:
    return " ".join(f"{name} ({n}x)" if n > 1 else name for name, n in sorted(Counter(names).items())) or "none"


def _on_signals(stop: Callable[[], object], reload: Optional[Callable[[], object]] = None) -> None:
    """SIGTERM and SIGINT stop cleanly, a second one at once; SIGHUP reloads.

    The handler does no more than write to a pipe: it may interrupt the main thread while that holds the very
    lock that ``stop`` needs.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    received: list[int] = []

    def handle(number: int, _frame: Optional[FrameType]) -> None:
        if number == signal.SIGHUP:
            os.write(writing, b"h")
            return
        received.append(number)
        if len(received) > 1:
            os._exit(130 if number == signal.SIGINT else 1)
        os.write(writing, b"s")

    def wait() -> None:
        while os.read(reading, 1) == b"h":
            if reload is not None:
                reload()
        log.info("Stopping on %s; a second one stops at once", signal.Signals(received[0]).name)
        stop()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT, *((signal.SIGHUP,) if reload is not None else ())):
        signal.signal(number, handle)


def _two_dashes(arguments: Sequence[str]) -> list[str]:
    """``-config x`` as ``--config x``."""
    fixed = []
    for argument in arguments:
        known = argument.startswith("-") and not argument.startswith("--") and f"-{argument.split('=')[0]}" in _LONG
        fixed.append(f"-{argument}" if known else argument)
    return fixed


def main(arguments: Optional[Sequence[str]] = None) -> NoReturn:
    """Run a command line and exit: 0 done, 1 failed, 2 the configuration or the command line is refused.

    Args:
        arguments: The arguments; None: the process's.
    """
    arguments = _two_dashes(sys.argv[1:] if arguments is None else arguments)
    try:
        code = cli.main(args=arguments, prog_name="pyagent", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except ConfigError as error:
        problems = [str(problem) for problem in error.problems]
        click.echo("\n".join(f"E! {line}" for line in problems), err=True)
        if len(problems) > 1:
            click.echo(f"E! {len(problems)} problems in the configuration; nothing was started", err=True)
        sys.exit(_REFUSED)
    except PyAgentError as error:
        click.echo(f"E! {error}", err=True)
        sys.exit(_REFUSED if isinstance(error, PluginError) else 1)
    except BrokenPipeError:  # pyagent plugins list | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


@cli.command("version")
def _version() -> None:
    """Print the version."""
    click.echo(f"pyagent {_version_text()}")
