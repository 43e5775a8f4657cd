"""Makes a metric of each field."""

from __future__ import annotations

from pyagent import Metric, Processor, config, option


@config
class UnpivotConfig:
    """Options of ``processors.unpivot``."""

    use_fieldname_as: str = option(
        "Where the field's name goes: tag, or metric (it becomes the name).", default="tag", choices=("tag", "metric")
    )
    tag_key: str = option("The tag that takes the field's name.", default="name")
    value_key: str = option("The field that takes its value.", default="value")


class Unpivot(Processor[UnpivotConfig]):
    """``m idle=5,user=3`` becomes ``m,name=idle value=5`` and ``m,name=user value=3``."""

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        options = self.config
        made = []
        for metric in metrics:
            for key, value in metric.fields.items():
                tags = dict(metric.tags)
                name = metric.name
                if options.use_fieldname_as == "metric":
                    name = key
                else:
                    tags[options.tag_key] = key
                made.append(Metric(name, {options.value_key: value}, tags, metric.time, metric.origin))
        return made
