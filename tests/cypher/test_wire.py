"""What goes over the wire for a statement: shorter, in one record, and the same answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cypher import statements
from cypher.statements import parse
from cypher.store import Store
from cypher.wire import wire

READ = [
    name
    for name in statements.names()
    if statements.load(name).kind == "read" and statements.load(name).work == "query" and not name.startswith("gds/")
]
SENT_AS_THEY_ARE = {"dataset/vector_indexes", "schema/indexes_not_online"}
"""They begin with SHOW, which no WITH may follow."""

BACKWARDS = parse(
    "a/b",
    "// A.\n// kind: read\n// work: query\n:param values => [1];\n\n"
    "UNWIND $values AS n\nRETURN n, -n AS m ORDER BY n DESC;",
)


@pytest.mark.parametrize("name", READ)
def test_the_server_agrees_on_the_columns_of_every_statement(store: Store, name: str) -> None:
    text = statements.load(name).text
    sent = wire(text, one_record=True)
    with store.driver.session(database=store.database) as session:
        keys = tuple(session.run(f"EXPLAIN {text}", {}).keys())  # type: ignore[arg-type]
        sent_keys = tuple(session.run(f"EXPLAIN {sent.text}", {}).keys())  # type: ignore[arg-type]
    assert sent.columns == (None if name in SENT_AS_THEY_ARE else keys)
    assert sent_keys == (keys if name in SENT_AS_THEY_ARE else ("rows",))


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("RETURN 1 AS a, 'b, c' AS b, [1, 2] AS c LIMIT 3", ("a", "b", "c")),
        ("MATCH (n)\nRETURN DISTINCT n\nORDER BY n.idx", ("n",)),
        ("MATCH (n)\nRETURN {a: 1, b: n} AS map, CASE n WHEN 1 THEN 2 ELSE 3 END AS number", ("map", "number")),
        ("CALL () {\n  RETURN 1 AS one\n}\nRETURN one // it is, as ever\n", ("one",)),
        ("MATCH (n) RETURN n", None),
        ("MATCH (n)\nRETURN n.name", None),
        ("RETURN 1 AS a\nUNION\nRETURN 2 AS a", None),
        ("RETURN *", None),
        ("SHOW INDEXES YIELD name\nRETURN name", None),
        ("CALL db.labels()", None),
    ],
)
def test_columns(text: str, columns: tuple[str, ...] | None) -> None:
    assert wire(text, one_record=True).columns == columns
    assert wire(text, one_record=False).columns is None


def test_comments_and_indentation_stay_here() -> None:
    sent = wire("// why\nMATCH (n)  // what\n\n    WHERE n.name = '// no comment'\nRETURN n", one_record=False)
    assert sent.text == "\nMATCH (n)\nWHERE n.name = '// no comment'\nRETURN n"


@given(values=st.lists(st.integers(-1000, 1000), max_size=20))
def test_rows_come_in_order_as_without_it(store: Store, values: list[int]) -> None:
    assert wire(BACKWARDS.text, one_record=True).columns == ("n", "m")
    expected = [{"n": n, "m": -n} for n in sorted(values, reverse=True)]
    assert store.read(BACKWARDS, values=values) == expected
