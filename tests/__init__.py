"""Tests. A package, so that the servers of ``tests.servers`` shadow no client library of the same name."""
