"""Renames measurements, tags and fields."""

from __future__ import annotations

from pyagent import ConfigError, Metric, Processor, config, option


@config
class ReplaceConfig:
    """One ``[[processors.rename.replace]]``."""

    measurement: str = option("The measurement to rename.", default="")
    tag: str = option("The tag to rename.", default="")
    field: str = option("The field to rename.", default="")
    dest: str = option("Its new name; empty: this table does nothing.", default="")


@config
class RenameConfig:
    """Options of ``processors.rename``."""

    replace: list[ReplaceConfig] = option("What to rename, one after the other.", default=[])


class Rename(Processor[RenameConfig]):
    """Renames by exact name, in the order of the tables."""

    def init(self) -> None:
        for table in self.config.replace:
            if sum(map(bool, (table.measurement, table.tag, table.field))) > 1:
                raise ConfigError("has a table with more than one of measurement, tag and field", key="replace")

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        for metric in metrics:
            for table in self.config.replace:
                if table.dest:
                    self._one(metric, table)
        return metrics

    @staticmethod
    def _one(metric: Metric, table: ReplaceConfig) -> None:
        if table.measurement:
            if metric.name == table.measurement:
                metric.name = table.dest
        elif table.tag:
            if table.tag in metric.tags:
                metric.tags[table.dest] = metric.tags.pop(table.tag)
        elif table.field in metric.fields:
            metric.fields[table.dest] = metric.fields.pop(table.field)
