from __future__ import annotations

import pytest

from cypher.literals import text_literal, written_out
from cypher.statements import Statement
from cypher.store import Store

NASTY = "it's a \\ \"quote\" $user } // no comment\n'); MATCH (n) DETACH DELETE n //"


def statement(text: str, **parameters: str) -> Statement:
    return Statement("a/b", "Answers.", "read", "query", parameters, text)


def test_a_text_comes_back_from_the_server_as_it_was(store: Store) -> None:
    asked = statement(f"RETURN {text_literal(NASTY)} AS text LIMIT 1")
    assert store.read(asked) == [{"text": NASTY}]


def test_parameters_are_written_out_and_nothing_else() -> None:
    asked = statement("MATCH (n {key: $user}) // not $k\nWHERE n.a = '$k' RETURN n LIMIT 2 * $k", user="'x'", k="10")
    written = written_out(asked, {"user": "de'mo/1"})
    assert written == "MATCH (n {key: 'de\\'mo/1'}) // not $k\nWHERE n.a = '$k' RETURN n LIMIT 2 * 10"


def test_a_parameter_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        written_out(statement("RETURN $a"), {})
