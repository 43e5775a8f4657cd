"""Lines of headers and keys."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli

from agent.config.scan import scan, strip_comments

SHARED = Path(__file__).parents[4] / "shared" / "conformance"


def test_headers_and_keys() -> None:
    places = scan(
        'top = 1\n# [no]\n[agent] # c\n  a = """\n[no]\nb = 1\n"""\n  c = [\n    "]", # ]\n  ]\n  d.e = 1\n'
        "[[inputs.file]]\n\"q r\" = '#'\n[inputs.file.tags]\n t = { x = 1 }\n[[inputs.file]]\r\nz = 1\n"
        "[[inputs.file.sub]]\n[[inputs.file.sub]]\nk = 1\n"
    ).by_path
    lines = {path: place.line for path, place in places.items()}
    assert lines == {
        ("top",): 1,
        ("agent",): 3,
        ("agent", "a"): 4,
        ("agent", "c"): 8,
        ("agent", "d"): 11,
        ("agent", "d", "e"): 11,
        ("inputs", "file", 0): 12,
        ("inputs", "file", 0, "q r"): 13,
        ("inputs", "file", 0, "tags"): 14,
        ("inputs", "file", 0, "tags", "t"): 15,
        ("inputs", "file", 1): 16,
        ("inputs", "file", 1, "z"): 17,
        ("inputs", "file", 1, "sub", 0): 18,
        ("inputs", "file", 1, "sub", 1): 19,
        ("inputs", "file", 1, "sub", 1, "k"): 20,
    }
    assert places["inputs", "file", 0, "tags", "t"].header == "[inputs.file.tags]"


def test_the_nearest_place_around() -> None:
    places = scan("[[a.b]]\nx = { y = [1, 2] }\n")
    assert places.locate(("a", "b", 0, "x", "y", 1)) == (2, "[[a.b]]")
    assert places.locate(("a", "b", 0, "nothing")) == (1, "[[a.b]]")
    assert places.locate(("nothing",)) == (0, "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a = "#" # c\nb', 'a = "#" \nb'),
        ("a = '#' # it's\n", "a = '#' \n"),
        ('a = """\n# in\n""" # out', 'a = """\n# in\n""" '),
        ("a = '''#''' #", "a = '''#''' "),
        ('a = "\\"#" # c', 'a = "\\"#" '),
        ("# ${X:?err}", ""),
    ],
)
def test_comments_go_and_strings_stay(text: str, expected: str) -> None:
    assert strip_comments(text) == expected


def _tables(value: object, path: tuple = ()):
    if isinstance(value, dict):
        if path:
            yield path
        for key, item in value.items():
            yield from _tables(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _tables(item, (*path, index))
    else:
        yield path


def test_agrees_with_the_parser_on_telegrafs_own_configurations() -> None:
    files = sorted(SHARED.rglob("telegraf.conf"))
    if not files:
        pytest.skip("Telegraf's test data is not beside this checkout")
    for file in files:
        text = file.read_text(encoding="utf-8")
        try:
            content = tomli.loads(text)
        except tomli.TOMLDecodeError:
            continue
        places = scan(text)
        lines = text.split("\n")
        for path in _tables(content):
            keys = [part for part in path if isinstance(part, str)]
            place = places.locate(path)
            if place.line and len(keys) > 1:
                assert any(key in lines[place.line - 1] for key in keys[1:]), (file, path, place)
        found = sum(
            line.lstrip().startswith("[") and line.rstrip().endswith("]") for line in strip_comments(text).split("\n")
        )
        assert len(
            {place.line for path, place in places.by_path.items() if lines[place.line - 1].lstrip()[0] == "["}
        ) >= min(found, 1), file
