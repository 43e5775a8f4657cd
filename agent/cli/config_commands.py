"""``pyagent config``: samples and checks."""

from __future__ import annotations

import click

from agent.cli.options import ConfigChoice, config_options

__all__ = ["config"]


@click.group()
def config() -> None:
    """Make or check a configuration."""


@config.command()
@click.argument("plugins", nargs=-1, metavar="[PLUGIN]...")
def create(plugins: tuple[str, ...]) -> None:
    """Print a commented sample: of everything, or of the plugins named.

    A PLUGIN is a name (kafka_consumer) or, where several kinds have it, kind and name (outputs.file).
    """
    from agent.config.sample import sample
    from agent.registry import Registry

    click.echo(sample(Registry(), plugins), nl=False)


@config.command()
@config_options
@click.pass_obj
def check(outer: ConfigChoice, choice: ConfigChoice) -> None:
    """Check a configuration and let every plugin check itself; nothing is started.

    Exit code 0: it is good (warnings are printed). 2: it is not; every problem is printed.
    """
    from agent.config import load as loading
    from agent.registry import Registry
    from agent.replay import replay_warnings

    choice = choice.merged(outer)
    loaded = loading.load(
        choice.files, choice.directories, env_mode=choice.env_mode, old_env=choice.old_env, registry=Registry()
    )
    loading.check(loaded)
    loading.require_plugins(loaded)
    for warning in (*loaded.warnings, *replay_warnings(loaded)):
        click.echo(f"W! {warning}", err=True)
    counts = ", ".join(
        f"{len(getattr(loaded, kind))} {kind}" for kind in ("inputs", "processors", "aggregators", "outputs")
    )
    click.echo(f"The configuration is good: {', '.join(loaded.files)}: {counts}")
