"""Line protocol: the strict parser, the fast validation, the encoder."""

from agent.line_protocol.block import valid_block
from agent.line_protocol.decode import LineError, ParsedLines, decode_line, parse_lines
from agent.line_protocol.encode import encode_field, encode_metric, escape_key, escape_name

__all__ = [
    "LineError",
    "ParsedLines",
    "decode_line",
    "encode_field",
    "encode_metric",
    "escape_key",
    "escape_name",
    "parse_lines",
    "valid_block",
]
