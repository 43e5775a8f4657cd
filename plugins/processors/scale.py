"""Scales numbers linearly."""

from __future__ import annotations

from typing import Optional

from pyagent import ConfigError, Metric, Processor, compile_globs, config, option


@config
class ScalingConfig:
    """One ``[[processors.scale.scaling]]``: a range onto another, or a factor and an offset."""

    input_minimum: Optional[float] = option("Lower end of the input's range.", default=None)
    input_maximum: Optional[float] = option("Upper end of the input's range.", default=None)
    output_minimum: Optional[float] = option("Lower end of the result's range.", default=None)
    output_maximum: Optional[float] = option("Upper end of the result's range.", default=None)
    factor: Optional[float] = option("What to multiply by.", default=None)
    offset: Optional[float] = option("What to add then.", default=None)
    fields: list[str] = option("Fields (globs) to scale.", default=[])


@config
class ScaleConfig:
    """Options of ``processors.scale``."""

    scaling: list[ScalingConfig] = option("What to scale, and how.", default=[])


class Scale(Processor[ScaleConfig]):
    """The results are floats."""

    def init(self) -> None:
        self._rules = []
        for number, table in enumerate(self.config.scaling, 1):
            match = compile_globs(table.fields)
            if match is None:
                raise ConfigError(f"{number}: names no fields", key="scaling")
            self._rules.append((match, *self._line(table, number)))
        if not self._rules:
            raise ConfigError("is missing: nothing would be scaled", key="scaling")

    @staticmethod
    def _line(table: ScalingConfig, number: int) -> tuple[float, float]:
        """The factor and the offset."""
        ends = (table.input_minimum, table.input_maximum, table.output_minimum, table.output_maximum)
        straight = table.factor is not None or table.offset is not None
        if straight and any(end is not None for end in ends):
            raise ConfigError(f"{number}: factor and offset do not go with minimum and maximum", key="scaling")
        if straight:
            return 1.0 if table.factor is None else table.factor, table.offset or 0.0
        low, high, to_low, to_high = ends
        if low is None or high is None or to_low is None or to_high is None:
            raise ConfigError(f"{number}: needs all four ends of its ranges, or factor and offset", key="scaling")
        if low == high:
            raise ConfigError(f"{number}: the input's range is empty", key="scaling")
        factor = (to_high - to_low) / (high - low)
        return factor, to_low - low * factor

    def apply(self, metrics: list[Metric]) -> list[Metric]:
        for metric in metrics:
            for match, factor, offset in self._rules:
                for key, value in metric.fields.items():
                    if not isinstance(value, (str, bool)) and match(key):
                        metric.fields[key] = float(value) * factor + offset
        return metrics
