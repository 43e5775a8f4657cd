"""What every input promises."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar, Optional

from agent.errors import StartupError
from agent.kits.make import make_plugin
from agent.kits.plugin import PluginContract
from agent.metric import Metric
from agent.record import Record

__all__ = ["InputContract", "StreamInputContract"]


class InputContract(PluginContract):
    """Contract of a polled input. With :meth:`options` it must find something to gather."""

    def prepare(self, made: Any) -> None:
        """Give the plugin what the runtime would, before ``open``."""
        made.statistics = lambda: ()

    def test_it_gathers_twice(self, tmp_path: Path) -> None:
        made = self.make(tmp_path)
        self.prepare(made)
        made.open()
        try:
            for _ in range(2):
                found = list(made.gather())
                assert found, "nothing was gathered"
                for item in found:
                    if isinstance(item, Record):
                        assert made.uses_parser, "a Record needs uses_parser = True"
                        assert "unnamed" not in item.where(), "a Record needs a source, for its dead letter"
                    else:
                        assert isinstance(item, Metric), item
                        assert item.name, item
                        assert item.fields, item
        finally:
            made.close()


class _Runtime:
    """Nobody's runtime: for opening alone."""

    commits = False
    queue_bytes = 16 << 20


class StreamInputContract(PluginContract):
    """Contract of a stream input."""

    unreachable: ClassVar[Optional[dict[str, Any]]] = None
    """Options that lead to a service that is not there; None where there is no service."""

    def test_a_service_out_of_reach_is_a_startup_error(self) -> None:
        """So that the runtime tries again: never a client library's own exception, never a hang."""
        if self.unreachable is None:
            return
        made = make_plugin(self.plugin, **self.unreachable)
        made.runtime = _Runtime()
        started = time.monotonic()
        try:
            made.open()
        except StartupError as error:
            assert str(error).strip(), "a StartupError needs a reason"
        else:
            raise AssertionError("it opened without its service")
        finally:
            made.close()
            made.close()
        assert time.monotonic() - started < 60, "open took a minute to find out"
