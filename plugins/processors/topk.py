"""The largest series of a period."""

from __future__ import annotations

import time
from collections.abc import Callable

from plugins.common.series import numbers
from pyagent import Duration, Metric, Processor, compile_globs, config, option

_AGGREGATIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
}


@config
class TopkConfig:
    """Options of ``processors.topk``."""

    period: Duration = option(
        "How long metrics are collected; what comes after it sets the results free.", default=Duration(10_000_000_000)
    )
    k: int = option("How many groups to pass on.", default=10)
    group_by: list[str] = option("Tags (globs) that make a group, with the name.", default=["*"])
    fields: list[str] = option("Fields to rank by, each by itself.", default=["value"])
    aggregation: str = option("What to rank by.", default="mean", choices=tuple(_AGGREGATIONS))
    bottomk: bool = option("The smallest instead.", default=False)
    add_groupby_tag: str = option("Add the group as a tag of this name.", default="")
    add_rank_fields: list[str] = option("Fields whose rank to add, as <field>_topk_rank.", default=[])
    add_aggregate_fields: list[str] = option("Fields whose aggregate to add, as <field>_topk_aggregate.", default=[])


class Topk(Processor[TopkConfig]):
    """Holds the metrics of a period back and passes on those of the ``k`` largest groups."""

    def init(self) -> None:
        self._match = compile_globs(self.config.group_by) or (lambda _: False)
        self._held: dict[str, list[Metric]] = {}
        self._ends = 0.0

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        made: list[Metric] = []
        for metric in metrics:
            now = time.monotonic()
            if not self._ends:
                self._ends = now + self.config.period.seconds
            if any(field in metric.fields for field in self.config.fields):
                self._held.setdefault(self._group(metric), []).append(metric)
            if now >= self._ends:
                made += self._release()
                self._ends = now + self.config.period.seconds
        return made

    def keeps(self) -> bool:
        return bool(self._held)

    def _group(self, metric: Metric) -> str:
        tags = "".join(f"{key}={metric.tags[key]}&" for key in sorted(metric.tags) if self._match(key))
        return f"{metric.name}&{tags}"

    def _release(self) -> list[Metric]:
        options = self.config
        held, self._held = self._held, {}
        passed: dict[str, None] = {}
        aggregate = _AGGREGATIONS[options.aggregation]
        for field in options.fields:
            ranked = []
            for group, metrics in held.items():
                values = [value for metric in metrics for key, value in numbers(metric) if key == field]
                if values:
                    ranked.append((aggregate(values), group))
            ranked.sort(key=lambda pair: pair[0], reverse=not options.bottomk)
            for rank, (value, group) in enumerate(ranked, 1):
                if rank <= options.k:
                    passed[group] = None
                for metric in held[group]:
                    if field in options.add_rank_fields:
                        metric.fields[f"{field}_topk_rank"] = rank
                    if field in options.add_aggregate_fields:
                        metric.fields[f"{field}_topk_aggregate"] = value
        made = []
        for group in passed:
            for metric in held[group]:
                if options.add_groupby_tag:
                    metric.tags[options.add_groupby_tag] = group
                made.append(metric)
        return made
