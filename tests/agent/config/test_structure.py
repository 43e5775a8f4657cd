"""Types are strict, and every error of a table is found at once."""

from __future__ import annotations

from typing import Any, Optional

import pytest

from agent.config.env import EnvText
from agent.config.structure import structure
from agent.options import config, option
from agent.values import Duration, Secret, Size


@config
class Inner:
    path: str = option("A path.")
    old: int = option("Old.", default=0, deprecated="use new")


@config
class Options:
    text: str = option("Text.", default="")
    count: int = option("Count.", default=0)
    share: float = option("Share.", default=0.5)
    on: bool = option("On.", default=False)
    wait: Duration = option("Wait.", default=Duration(0))
    room: Size = option("Room.", default=Size(0))
    token: Secret = option("Token.", default=Secret())
    names: list[str] = option("Names.", default=[], aliases=("older", "oldest"))
    tags: dict[str, str] = option("Tags.", default={})
    maybe: Optional[int] = option("Maybe.", default=None)
    mode: str = option("Mode.", default="a", choices=("a", "Bee"))
    inner: Optional[Inner] = option("Inner.", default=None)
    inners: list[Inner] = option("Inners.", default=[])
    by_name: dict[str, Inner] = option("By name.", default={})
    whatever: Any = option("Anything.", default=None)
    renamed: int = option("Renamed.", default=0, name="from")


@pytest.mark.parametrize(
    ("key", "given", "expected"),
    [
        ("text", "a", "a"),
        ("count", 3, 3),
        ("share", 3, 3.0),
        ("on", True, True),
        ("wait", "1h30m", Duration(5400_000_000_000)),
        ("wait", 2.5, Duration(2_500_000_000)),
        ("wait", 2, Duration(2_000_000_000)),
        ("room", "1MB", Size(1_000_000)),
        ("room", 17, Size(17)),
        ("token", "x", Secret("x")),
        ("token", 5, Secret("5")),
        ("names", ["a"], ["a"]),
        ("tags", {"a": "b"}, {"a": "b"}),
        ("maybe", 4, 4),
        ("mode", "BEE", "Bee"),
        ("inner", {"path": "p"}, Inner(path="p")),
        ("inners", [{"path": "p"}, {"path": "q"}], [Inner(path="p"), Inner(path="q")]),
        ("by_name", {"x": {"path": "p"}}, {"x": Inner(path="p")}),
        ("whatever", [1, "a"], [1, "a"]),
        ("count", EnvText("12"), 12),
        ("share", EnvText("1.5"), 1.5),
        ("on", EnvText("TRUE"), True),
        ("on", EnvText("0"), False),
        ("wait", EnvText("10s"), Duration(10_000_000_000)),
        ("room", EnvText("64"), Size(64)),
        ("maybe", EnvText("4"), 4),
    ],
)
def test_what_a_type_takes(key: str, given: Any, expected: Any) -> None:
    made = structure(Options, {key: given})
    assert made.problems == []
    value = getattr(made.value, key)
    assert value == expected
    assert type(value) is type(expected)


def test_the_toml_key_may_differ_from_the_attribute() -> None:
    assert structure(Options, {"from": 3}).value.renamed == 3
    assert structure(Options, {"renamed": 3}).problems


@pytest.mark.parametrize(
    ("key", "given", "message"),
    [
        ("text", 5, 'text: 5 is no text; write "5"'),
        ("text", True, 'text: true is no text; write "true"'),
        ("count", 1.9, "count: 1.9 is no integer"),
        ("count", "3", 'count: "3" is no integer; write 3'),
        ("count", True, "count: true is no integer"),
        ("count", "$N", 'count: "$N" is no integer; the environment variable N is not set'),
        ("share", "1.5", 'share: "1.5" is no number'),
        ("on", 1, "on: 1 is neither true nor false"),
        ("on", "true", 'on: "true" is neither true nor false; write true'),
        ("wait", "1x", "is no duration; write"),
        ("wait", True, "is no duration"),
        ("wait", float("inf"), "is no duration"),
        ("wait", float("nan"), "is no duration"),
        ("wait", [], "is no duration"),
        ("room", 1.5, "is no size"),
        ("names", "a", 'names: "a" is no list; write ["a"]'),
        ("names", ["a", 3], 'names[1]: 3 is no text; write "3"'),
        ("tags", {"a": 1}, 'tags.a: 1 is no text; write "1"'),
        ("tags", "a", "is no table"),
        ("mode", "be", '"be" is none of "a", "Bee"; did you mean "Bee"?'),
        ("inner", {}, 'the required option "path" is missing'),
        ("inner", {"path": "p", "pth": 1}, 'unknown option "pth"; did you mean "path"?'),
        ("inners", [{"path": "p"}, {"path": 1}], 'path: 1 is no text; write "1"'),
        ("inners", {"path": "p"}, "write its header in double brackets"),
        ("nmes", [], 'unknown option "nmes"; did you mean "names"?'),
    ],
)
def test_what_it_refuses(key: str, given: Any, message: str) -> None:
    made = structure(Options, {key: given})
    assert made.value is None
    (problem,) = made.problems
    assert message in problem.message
    assert problem.path[0] == key


def test_every_error_is_found_with_its_path() -> None:
    made = structure(
        Options, {"text": 1, "on": 2, "inners": [{"path": "x"}, {"path": 1}, {}], "tags": {"a": 1, "b": 2}}
    )
    assert {problem.path for problem in made.problems} == {
        ("text",),
        ("on",),
        ("inners", 1, "path"),
        ("inners", 2),
        ("tags", "a"),
        ("tags", "b"),
    }


def test_no_secret_is_shown() -> None:
    for key, value in (("token", ["hunter2"]), ("token", {"a": "hunter2"}), ("token", "hunter2 @{store:key}")):
        assert "hunter2" not in str(structure(Options, {key: value}).problems)
    for key in ("count", "share", "on", "wait", "room"):
        (problem,) = structure(Options, {key: EnvText("hunter2")}).problems
        assert "hunter2" not in problem.message


def test_an_unknown_secret_store_is_named() -> None:
    (problem,) = structure(Options, {"token": "Bearer @{store:key}"}).problems
    assert '"@{store:key}": there is no secret store with the id "store"' in problem.message


def test_older_names_work_with_a_warning_and_lists_are_joined() -> None:
    made = structure(Options, {"older": ["a"], "oldest": ["b"], "names": ["c"]})
    assert made.value.names == ["a", "b", "c"]
    assert [warning.path for warning in made.warnings] == [("older",), ("oldest",)]


def test_deprecated_options_warn_in_sub_tables_too() -> None:
    made = structure(Options, {"inners": [{"path": "a"}, {"path": "b", "old": 1}]})
    assert [(warning.path, "use new" in warning.message) for warning in made.warnings] == [(("inners", 1, "old"), True)]
