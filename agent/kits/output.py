"""What every output promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Optional

from agent.batch import MetricBatch
from agent.contracts import Output
from agent.errors import Retry, StartupError
from agent.kits.make import make_plugin
from agent.kits.plugin import PluginContract
from agent.metric import Metric

__all__ = ["OutputContract"]


class OutputContract(PluginContract):
    """Contract of an output. With :meth:`options` it must be able to write."""

    unreachable: ClassVar[Optional[dict[str, Any]]] = None
    """Options that lead to a service that is not there; None where there is no service."""

    def prepare(self, made: Any) -> None:
        """Give the plugin what the runtime would, before ``open``: its serializer."""
        if made.uses_serializer:
            from agent.registry import Registry

            made.serializer = make_plugin(Registry().load("serializers", made.default_data_format))

    def batch(self) -> MetricBatch:
        """What it is given."""
        return MetricBatch([Metric("m", {"v": 1.5, "s": "x"}, {"host": "a"}, i + 1) for i in range(3)])

    def test_it_writes_and_leaves_the_batch_as_it_was(self, tmp_path: Path) -> None:
        """Other outputs have the same batch."""
        made = self.make(tmp_path)
        self.prepare(made)
        made.open()
        try:
            batch, as_it_was = self.batch(), [metric.copy() for metric in self.batch()]
            made.write(batch)
            made.write(self.batch())
            assert batch.metrics == as_it_was, "write changed the batch"
        finally:
            made.close()
            made.close()

    def test_dead_letters_are_taken_where_it_says_so(self) -> None:
        own = self.plugin.write_dead_letters is not Output.write_dead_letters  # type: ignore[attr-defined]
        assert own == self.plugin.takes_dead_letters, "takes_dead_letters and write_dead_letters() disagree"  # type: ignore[attr-defined]

    def test_a_service_out_of_reach_keeps_the_batch(self) -> None:
        """Retry or StartupError: never a client library's own exception, never success."""
        if self.unreachable is None:
            return
        made = make_plugin(self.plugin, **self.unreachable)
        self.prepare(made)
        try:
            made.open()
            made.write(self.batch())
        except (Retry, StartupError) as error:
            assert str(error).strip(), "it needs a reason"
        else:
            raise AssertionError("a write without a service succeeded")
        finally:
            made.close()
