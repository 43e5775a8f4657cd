"""Marks what needs a real server, wherever it asks for one, so that ``-m 'not server'`` never starts any."""

from __future__ import annotations

import pytest

SERVERS = frozenset({"kafka", "influxdb", "victoria", "tansu"})


def pytest_itemcollected(item):
    if SERVERS.intersection(getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.server)
