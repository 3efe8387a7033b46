"""Names that come from data: let through as they are, or refused; nothing in between."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cypher import identifiers
from cypher.statements import parse
from spikegraph.errors import DataError

SAFE = re.compile(r"[A-Za-z0-9_-]+")
CHECKS = [
    identifiers.label,
    identifiers.relationship_type,
    identifiers.dataset_name,
    identifiers.property_name,
    identifiers.plain,
]
INDEX = (
    "// Index.\n// kind: schema\n// work: long\n// identifier: Example\n\nCREATE VECTOR INDEX i FOR (n:Example) ON n.v;"
)


@pytest.mark.parametrize("check", CHECKS)
@given(name=st.one_of(st.text(), st.from_regex(r"[A-Za-z][A-Za-z0-9_`-]{0,70}", fullmatch=True)))
def test_a_name_is_safe_or_refused(check: Callable[[str], str], name: str) -> None:
    try:
        found = check(name)
    except DataError:
        return
    assert found == name
    assert SAFE.fullmatch(name)
    assert len(name) <= 128


@given(name=st.text())
def test_whatever_is_put_into_a_schema_command_stays_one_word(name: str) -> None:
    statement = parse("schema/index", INDEX)
    try:
        text = statement.with_identifier("Example", name).text
    except DataError:
        return
    assert text == f"CREATE VECTOR INDEX i FOR (n:{name}) ON n.v"
    assert re.fullmatch(r"\w+", name, re.ASCII)


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (identifiers.label, "Artist`) DETACH DELETE n //"),
        (identifiers.label, "artist"),
        (identifiers.label, "Ärtist"),
        (identifiers.label, "Artist\n"),
        (identifiers.label, "A" * 65),
        (identifiers.label, ""),
        (identifiers.label, "Item"),
        (identifiers.label, "Embedding"),
        (identifiers.relationship_type, "directed_by"),
        (identifiers.relationship_type, "DIRECTED-BY"),
        (identifiers.relationship_type, "INTERACTED"),
        (identifiers.relationship_type, "HELD_OUT"),
        (identifiers.relationship_type, "SIMILAR_TO"),
        (identifiers.dataset_name, "LastFm"),
        (identifiers.dataset_name, "-lastfm"),
        (identifiers.dataset_name, "last/fm"),
        (identifiers.dataset_name, "a" * 64),
        (identifiers.property_name, "idx"),
        (identifiers.property_name, "profile"),
        (identifiers.property_name, "Release Date"),
        (identifiers.property_name, "1st"),
    ],
)
def test_refused(check: Callable[[str], str], name: str) -> None:
    with pytest.raises(DataError):
        check(name)


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (identifiers.label, "Artist"),
        (identifiers.label, "A" * 64),
        (identifiers.relationship_type, "DIRECTED_BY"),
        (identifiers.relationship_type, "R2"),
        (identifiers.dataset_name, "last-fm-2"),
        (identifiers.dataset_name, "0"),
        (identifiers.property_name, "releaseYear_2"),
    ],
)
def test_let_through(check: Callable[[str], str], name: str) -> None:
    assert check(name) == name


def test_what_is_no_string_is_refused() -> None:
    with pytest.raises(DataError):
        identifiers.label(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("dataset", "expected"), [("lastfm", "Lastfm"), ("last-fm", "LastFm"), ("1m", "Data1m"), ("a--b-", "AB")]
)
def test_a_data_set_gives_its_label(dataset: str, expected: str) -> None:
    assert identifiers.label_of(dataset) == expected


@given(st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True))
def test_every_data_set_name_gives_a_label_or_a_clear_refusal(dataset: str) -> None:
    try:
        made = identifiers.label_of(dataset)
    except DataError:
        assert dataset.replace("-", "").lower() in {name.lower() for name in identifiers.RESERVED_LABELS}
    else:
        assert identifiers.label(made) == made
