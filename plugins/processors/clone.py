"""Passes a changed copy beside each metric."""

from __future__ import annotations

from plugins.processors.override import OverrideConfig
from pyagent import Metric, Processor


class Clone(Processor[OverrideConfig]):
    """For each metric: a copy with another name and other tags, then the metric itself."""

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        options = self.config
        made = []
        for metric in metrics:
            copy = metric.copy()
            copy.name = f"{options.name_prefix}{options.name_override or copy.name}{options.name_suffix}"
            copy.tags.update(options.tags)
            made += [copy, metric]
        return made
