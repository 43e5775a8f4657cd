"""Adds tags to validated lines without decoding them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.line_protocol.decode import decode_line
from agent.line_protocol.encode import encode_metric, escape_key

__all__ = ["add_missing_tags", "set_tags"]


def _pairs(tags: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """(``,key=``, ``,key=value``) of the tags that line protocol can hold."""
    found = []
    for key, value in tags.items():
        key, value = escape_key(key.rstrip("\\")), escape_key(value.rstrip("\\"))
        if key and value:
            begin = f",{key}=".encode("utf-8", "surrogateescape")
            found.append((begin, begin + value.encode("utf-8", "surrogateescape")))
    return found


def _decoded(line: bytes, tags: Mapping[str, str], overwrite: bool) -> bytes:
    metric = decode_line(line)
    for key, value in tags.items():
        if overwrite or key not in metric.tags:
            metric.tags[key] = value
    return encode_metric(metric, True, False, False)


def _add(lines: Sequence[bytes], tags: Mapping[str, str], overwrite: bool) -> list[bytes]:
    pairs = _pairs(tags)
    if not pairs:
        return list(lines)
    together = b"".join(pair for _, pair in pairs)
    begins = [begin for begin, _ in pairs]
    only = begins[0] if len(begins) == 1 else None
    done: list[bytes] = []
    append = done.append
    for line in lines:
        # Up to the first blank stand name and tags, if no backslash can have escaped a blank, comma or equals sign.
        head, blank, rest = line.partition(b" ")
        if b"\\" in head:
            append(_decoded(line, tags, overwrite))
        elif only is not None:
            if only not in head:
                append(head + together + blank + rest)
            elif overwrite:
                append(_decoded(line, tags, overwrite))
            else:
                append(line)
        elif not any(begin in head for begin in begins):
            append(head + together + blank + rest)
        else:
            append(_decoded(line, tags, overwrite))
    return done


def add_missing_tags(lines: Sequence[bytes], tags: Mapping[str, str]) -> list[bytes]:
    """The lines with those of ``tags`` that they lack."""
    return _add(lines, tags, overwrite=False)


def set_tags(lines: Sequence[bytes], tags: Mapping[str, str]) -> list[bytes]:
    """The lines with ``tags``, whatever they had of these names."""
    return _add(lines, tags, overwrite=True)
