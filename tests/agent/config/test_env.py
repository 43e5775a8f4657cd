"""Environment variables in every form that Telegraf knows."""

from __future__ import annotations

import pytest

from agent.config.env import EnvText, MissingVariable, expand, expand_values

ENV = {"SET": "set", "EMPTY": "", "Mixed_1": "mixed", "DEEP": "${SET}"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$SET", "set"),
        ("${SET}", "set"),
        ("a${SET}b$SET", "asetbset"),
        ("$EMPTY", ""),
        ("$UNSET", "$UNSET"),
        ("${UNSET}", "${UNSET}"),
        ("${UNSET:-d}", "d"),
        ("${EMPTY:-d}", "d"),
        ("${SET:-d}", "set"),
        ("${UNSET-d}", "d"),
        ("${EMPTY-d}", ""),
        ("${UNSET:-}", ""),
        ("${UNSET:-${SET}}", "set"),
        ("${UNSET:-${UNSET2:-x}}y", "xy"),
        ("${UNSET-a:b-c}", "a:b-c"),
        ("${SET:+d}", "d"),
        ("${EMPTY:+d}", ""),
        ("${EMPTY+d}", "d"),
        ("${UNSET+d}", ""),
        ("${SET:?no}", "set"),
        ("${EMPTY?no}", ""),
        ("$$", "$"),
        ("$$SET", "$SET"),
        ("$$$SET", "$set"),
        ("${1}", "${1}"),
        ("$1_x ${1}-$SET", "$1_x ${1}-set"),
        ("a$", "a$"),
        ("${SET", "${SET"),
        ("${SET!x}", "${SET!x}"),
        ("^a.*$", "^a.*$"),
        ("$Mixed_1", "mixed"),
        ("$DEEP", "${SET}"),
    ],
)
def test_forms(text: str, expected: str) -> None:
    assert expand(text, ENV) == expected


@pytest.mark.parametrize(
    ("text", "message"), [("${UNSET:?set it}", "UNSET is missing a value: set it"), ("${EMPTY:?}", "EMPTY")]
)
def test_required(text: str, message: str) -> None:
    with pytest.raises(MissingVariable, match=message):
        expand(text, ENV)


def test_old_behaviour_has_no_escape() -> None:
    assert expand("$$SET", ENV, old=True) == "$set"
    assert expand("$$", ENV, old=True) == "$$"


def test_values_are_marked_only_where_a_variable_took_part() -> None:
    made = expand_values({"$SET": ["$SET", "x", 3, {"a": "${UNSET}"}]}, ENV)
    assert made == {"$SET": ["set", "x", 3, {"a": "${UNSET}"}]}
    assert [type(item) for item in made["$SET"][:2]] == [EnvText, str]


def test_paths_of_unset_and_missing_variables() -> None:
    unset, missing = [], []
    expand_values(
        {"a": ["$NOPE", {"b": "${GONE:?x}"}]},
        ENV,
        unset=lambda path, name: unset.append((path, name)),
        missing=lambda path, message: missing.append(path),
    )
    assert unset == [(("a", 0), "NOPE")]
    assert missing == [("a", 1, "b")]
