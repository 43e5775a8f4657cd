"""Metric filters: which metrics a plugin sees, and which of their tags and fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Optional

from agent.config.common import FilterConfig
from agent.globs import Match, compile_globs
from agent.metric import Metric

__all__ = ["Filter", "make_filter"]


def _tag_globs(table: Mapping[str, Sequence[str]]) -> list[tuple[str, Match]]:
    compiled = ((tag, compile_globs(list(globs))) for tag, globs in table.items())
    return [(tag, match) for tag, match in compiled if match is not None]


class Filter:
    """Selectors (name, then tags) and modifiers (fields, then tags), compiled once."""

    def __init__(self, config: FilterConfig) -> None:
        self._namepass = compile_globs(config.namepass, config.namepass_separator)
        self._namedrop = compile_globs(config.namedrop, config.namedrop_separator)
        self._tagpass = _tag_globs(config.tagpass) if config.tagpass else None
        self._tagdrop = _tag_globs(config.tagdrop)
        self._fields = _keeps(config.fieldinclude, config.fieldexclude)
        self._tags = _keeps(config.taginclude, config.tagexclude)
        #: True: some metrics may not be selected.
        self.has_selectors = bool(self._namepass or self._namedrop or self._tagpass is not None or self._tagdrop)
        #: True: selected metrics may lose fields or tags.
        self.has_modifiers = self._fields is not None or self._tags is not None
        #: True: it does nothing at all.
        self.is_noop = not self.has_selectors and not self.has_modifiers

    def selects(self, metric: Metric) -> bool:
        """Whether the plugin is to see the metric."""
        if not self.has_selectors:
            return True
        name, tags = metric.name, metric.tags
        if self._namepass is not None and not self._namepass(name):
            return False
        if self._namedrop is not None and self._namedrop(name):
            return False
        if self._tagpass is not None and not any(tag in tags and match(tags[tag]) for tag, match in self._tagpass):
            return False
        return not any(tag in tags and match(tags[tag]) for tag, match in self._tagdrop)

    def modify(self, metric: Metric) -> bool:
        """Remove the fields and tags that are not wanted; False if no field is left."""
        keep = self._fields
        if keep is not None:
            metric.fields = {key: value for key, value in metric.fields.items() if keep(key)}
            if not metric.fields:
                return False
        keep = self._tags
        if keep is not None:
            for key in [key for key in metric.tags if not keep(key)]:
                del metric.tags[key]
        return True


def _keeps(include: Sequence[str], exclude: Sequence[str]) -> Optional[Match]:
    included, excluded = compile_globs(include), compile_globs(exclude)
    if included is None and excluded is None:
        return None
    if excluded is None:
        return included
    if included is None:
        return lambda key: not excluded(key)
    return lambda key: included(key) and not excluded(key)


def make_filter(config: FilterConfig) -> Filter:
    """The filter that a plugin's common options ask for."""
    return Filter(config)
