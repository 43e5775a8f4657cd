"""Contract tests, fakes and helpers for authors of plugins; public as ``pyagent.testing``."""
