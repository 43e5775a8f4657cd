"""What every parser promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Optional

from agent.contracts import Parser
from agent.errors import ParseError
from agent.kits.plugin import PluginContract
from agent.metric import Metric
from agent.record import Record, RecordChunk

__all__ = ["ParserContract"]

#: What a topic may hold by mistake. Each is parsed or refused with a ParseError; nothing else may happen.
HOSTILE = (
    b"", b" ", b"\n\n", b"\x00", b"\xff\xfe\xfd", b"\x1f\x8b\x08\x00", b"[" * 100_000, b"{" * 100_000, b'{"a":' * 50_000,
    b"9" * 5_000, b"-", b'"', b"null", b"NaN", b"1e999", b"18446744073709551616", b"=,= =", b"\xed\xa0\x80", b"\r", b"#",
)  # fmt: skip


class ParserContract(PluginContract):
    """Contract of a parser; :attr:`payload` is required."""

    payload: ClassVar[bytes]
    """A well-formed payload of at least one metric."""
    malformed: ClassVar[Optional[bytes]] = None
    """One that does not parse; None where everything is a value."""

    def parsed(self, parser: Parser[Any], data: bytes) -> list[Metric]:
        """The metrics of ``data``; those that a ParseError carries included."""
        try:
            return parser.parse(data)
        except ParseError as error:
            assert error.reason.strip(), "a ParseError needs a reason"
            return error.metrics

    def check(self, metrics: list[Metric]) -> None:
        """Every metric can be written: named, with fields of known types, tags of text, a whole number as time."""
        for metric in metrics:
            assert metric.name, metric
            assert metric.fields, metric
            assert all(isinstance(v, (float, int, str, bool)) for v in metric.fields.values()), metric
            assert all(type(k) is str and type(v) is str for k, v in metric.tags.items()), metric
            assert metric.time is None or type(metric.time) is int, metric

    def test_it_parses(self, tmp_path: Path) -> None:
        metrics = self.make(tmp_path).parse(self.payload)
        assert metrics, "the sample payload gave nothing"
        self.check(metrics)

    def test_what_is_malformed_is_a_parse_error(self, tmp_path: Path) -> None:
        if self.malformed is None:
            return
        try:
            self.make(tmp_path).parse(self.malformed)
        except ParseError as error:
            assert error.reason.strip(), "a ParseError needs a reason"
        else:
            raise AssertionError("a malformed payload was accepted")

    def test_hostile_and_truncated_payloads_raise_nothing_else(self, tmp_path: Path) -> None:
        parser = self.make(tmp_path)
        for data in (*HOSTILE, *(self.payload[:end] for end in range(len(self.payload)))):
            self.check(self.parsed(parser, data))

    def test_one_payload_leaves_nothing_for_the_next(self, tmp_path: Path) -> None:
        parser = self.make(tmp_path)
        before = parser.parse(self.payload)
        for data in HOSTILE:
            self.parsed(parser, data)
        assert parser.parse(self.payload) == before

    def test_many_give_what_each_gives(self, tmp_path: Path) -> None:
        """A tombstone, a skipped and a rejected record are passed over; a bad one takes no neighbour with it."""
        parser = self.make(tmp_path)
        bad = self.malformed if self.malformed is not None else self.payload
        payloads = [self.payload, None, bad, self.payload, self.payload, self.payload]
        records = [Record(data, topic="t", partition=0, offset=i) for i, data in enumerate(payloads)]
        parsed = parser.parse_many(RecordChunk(records, rejected={3: "too long"}, skipped=[1, 4]))
        expected = [(i, m) for i in (0, 2, 5) for m in self.parsed(parser, payloads[i] or b"")]
        assert list(parsed.batch) == [metric for _, metric in expected]
        origins = [parsed.batch.origin(n) for n in range(len(parsed.batch))]
        assert [None if o is None else o.offset for o in origins] == [i for i, _ in expected], "origins differ"
        assert [failure.index for failure in parsed.failures] == ([2] if self.malformed is not None else [])
