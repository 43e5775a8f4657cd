"""``pyagent plugins``: what is installed, and what its options are."""

from __future__ import annotations

import inspect
import textwrap
from typing import Any

import click

from agent.config.sample import describe_option, find
from agent.config.tables import COMMON
from agent.options import option_infos
from agent.registry import KINDS, Registry

__all__ = ["plugins"]


@click.group()
def plugins() -> None:
    """Show the installed plugins."""


@plugins.command("list")
@click.argument("kinds", nargs=-1, type=click.Choice(KINDS))
def list_(kinds: tuple[str, ...]) -> None:
    """List the installed plugins, of all KINDS or of those named; none is imported."""
    registry = Registry()
    rows = []
    for kind in kinds or KINDS:
        for name in registry.names(kind):
            try:
                source = registry.describe(kind, name).distribution
            except Exception as error:
                source = str(error)
            rows.append((f"{kind}.{name}", source))
    width = max((len(name) for name, _ in rows), default=0)
    for name, source in rows:
        click.echo(f"{name:<{width}}  {source}")


@plugins.command()
@click.argument("name")
def show(name: str) -> None:
    """Show what the plugin NAME does and every option of it.

    NAME is a name (kafka_consumer) or, where several kinds have it, kind and name (outputs.file).
    """
    registry = Registry()
    for index, (kind, short) in enumerate(find(registry, name, KINDS)):
        if index:
            click.echo()
        _show(registry, kind, short)


def _show(registry: Registry, kind: str, name: str) -> None:
    cls = registry.load(kind, name)
    click.echo(f"{kind}.{name} ({registry.describe(kind, name).distribution})")
    doc = inspect.getdoc(cls)
    if doc:
        click.echo(f"\n{textwrap.indent(doc, '  ')}")
    _options("Options", cls.Config)
    if getattr(cls, "uses_parser", False):
        _format(registry, "parsers", cls)
    if getattr(cls, "uses_serializer", False):
        _format(registry, "serializers", cls)
    if kind in COMMON:
        _options(f"Options of all {kind}", COMMON[kind])


def _format(registry: Registry, kind: str, cls: Any) -> None:
    names = ", ".join(registry.names(kind))
    click.echo(f'\ndata_format (text, default "{cls.default_data_format}")')
    click.echo(f"    One of {names}; its options stand in the same table: `pyagent plugins show {kind}.NAME`.")


def _options(title: str, cls: type) -> None:
    infos = list(option_infos(cls))
    if not infos:
        return
    click.echo(f"\n{title}:")
    for info in infos:
        head, doc = describe_option(info)
        click.echo(f"\n  {head}")
        click.echo(textwrap.fill(doc, 100, initial_indent="      ", subsequent_indent="      "))
