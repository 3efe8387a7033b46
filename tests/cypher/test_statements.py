"""Every file of the library: complete header, its own parameters, no name put in as text, good plans."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from neo4j import GraphDatabase

from cypher.statements import Statement, load, names, parse
from cypher.store import Store
from spikegraph.errors import DataError, UsageError
from tests.support.neo4j_server import Neo4jServer

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("cypher", "ingest", "llm_profiles", "export", "model", "spikegraph")
CYPHER = re.compile(r"\b(MATCH|MERGE|CREATE|UNWIND|DELETE)\b\s*[\(\$]|\bRETURN\s+\w+\.")
LARGE = re.compile(r":(User|Item|Entity|Embedding)\b")
HEADER = "// Answers.\n// kind: read\n// work: query\n"


@pytest.mark.parametrize("name", names())
def test_the_header_announces_exactly_what_the_statement_uses(name: str) -> None:
    statement = load(name)
    assert statement.title
    assert statement.used_parameters == set(statement.parameters)
    assert all(statement.parameters.values())


@pytest.mark.parametrize("name", names())
def test_the_file_pastes_into_browser(name: str) -> None:
    lines = (ROOT / "cypher" / f"{name}.cypher").read_text(encoding="utf-8").splitlines()
    head, statement = lines[: lines.index("")], lines[lines.index("") :]
    assert all(line.startswith(("//", ":param")) for line in head), "comments and parameters come first"
    assert not any(line.startswith(":param") for line in statement)
    assert lines[-1].endswith(";")


@pytest.mark.parametrize("name", names())
def test_nothing_is_left_to_be_put_in_as_text(name: str) -> None:
    statement = load(name)
    assert not re.search(r"%\(|\{\}|\{[a-z_]+\}|<[a-z_]+>|%s", statement.code)
    if statement.identifier:
        assert statement.kind == "schema", "only schema commands take no parameter for a label"
        assert statement.identifier in statement.text


def test_no_module_holds_cypher_of_its_own() -> None:
    found = [f"{file}: {text[:60]}" for file in _modules() for text in _strings(file) if CYPHER.search(text)]
    assert found == []


def test_a_name_that_is_not_there() -> None:
    for name in ("recommend/nothing", "../pyproject", "schema", "/etc/hostname"):
        with pytest.raises(UsageError, match="there is no statement"):
            load(name)


def test_names_of_a_group() -> None:
    assert "schema/V001__keys" in names("schema")
    assert all(name.startswith("schema/") for name in names("schema"))
    assert set(names("schema")) < set(names())
    assert names("nothing") == []


def test_a_header_is_read() -> None:
    statement = parse(
        "a/b",
        f"{HEADER}:param user => 'a/b;c';\n:param k => 10 ;\n\nMATCH (n {{key: $user}})\nRETURN n.name LIMIT $k;\n",
    )
    assert statement == Statement(
        "a/b",
        "Answers.",
        "read",
        "query",
        {"user": "'a/b;c'", "k": "10"},
        "MATCH (n {key: $user})\nRETURN n.name LIMIT $k",
    )


@pytest.mark.parametrize(
    "source",
    ["", "// kind: read\n// work: query\n\nRETURN 1;", "// A.\n// kind: other\n// work: query\n\nRETURN 1;", HEADER],
)
def test_a_header_that_lacks_something(source: str) -> None:
    with pytest.raises(UsageError):
        parse("a/b", source)


def test_parameters_in_texts_and_comments_are_not_used_ones() -> None:
    statement = parse(
        "a/b", HEADER + "\nMATCH (n:$($label)) // not $this\nWHERE n.a = '$that' AND n.b = \"$other\" RETURN $x;"
    )
    assert statement.used_parameters == {"label", "x"}


def test_an_optional_step_left_out_gives_null() -> None:
    text = "WITH 1 AS one\n// step: more\nOPTIONAL CALL (one) {\n  RETURN one + 1 AS two\n}\nRETURN one, two;"
    shorter = parse("a/b", HEADER + "\n" + text).without_step("more")
    assert shorter.text == "WITH 1 AS one\nWITH *, null AS two\nRETURN one, two"


@pytest.mark.parametrize("step", ["user", "vectors", "nowhere"])
def test_a_step_that_cannot_be_left_out(step: str) -> None:
    with pytest.raises(UsageError, match=f"no optional step '{step}'"):
        load("recommend/by_user").without_step(step)


def test_an_identifier_that_was_not_announced() -> None:
    statement = parse("a/b", HEADER + "// identifier: Example\n\nMATCH (n:Example) RETURN count(n);")
    assert statement.with_identifier("Example", "Film").text == "MATCH (n:Film) RETURN count(n)"
    with pytest.raises(UsageError):
        statement.with_identifier("Other", "Film")
    with pytest.raises(DataError):
        statement.with_identifier("Example", "Film) DETACH DELETE (n")


def test_the_server_takes_every_statement(server: Neo4jServer, store: Store) -> None:
    """EXPLAIN each with its own examples: it must compile, deprecate nothing, and scan no large label."""
    wrong: list[str] = []
    with (
        GraphDatabase.driver(
            server.uri,
            auth=(server.username, server.password),
            notifications_disabled_classifications=["UNRECOGNIZED", "PERFORMANCE", "GENERIC", "HINT"],
        ) as driver,
        driver.session(database="neo4j") as session,
    ):
        for name in names():
            statement = load(name)
            examples = ", ".join(f"{key}: {value}" for key, value in statement.parameters.items())
            record = session.run(f"RETURN {{{examples}}} AS parameters").single(strict=True)  # type: ignore[arg-type]
            for part in statement.parts:
                summary = session.run(f"EXPLAIN {part}", record["parameters"]).consume()  # type: ignore[arg-type]
                wrong += [f"{name}: scans {scan}" for scan in _scans(summary.plan)]
                wrong += [f"{name}: {o.status_description}" for o in summary.gql_status_objects if _deprecated(o)]
    assert wrong == []


def _deprecated(status: Any) -> bool:
    return bool(
        status.gql_status.startswith("01N0") or status.diagnostic_record.get("_classification") == "DEPRECATION"
    )


def _scans(plan: dict[str, Any] | None) -> Iterator[str]:
    """Name the scans of every node, or of a label that has many."""
    if plan is None:
        return
    operator = plan["operatorType"].partition("@")[0]
    details = plan.get("args", {}).get("Details", "")
    if operator == "AllNodesScan" or ("ByLabel" in operator and LARGE.search(details)):
        yield f"{operator} {details}"
    for child in plan.get("children", []):
        yield from _scans(child)


def _modules() -> list[Path]:
    return [file.relative_to(ROOT) for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]


def _strings(file: Path) -> Iterator[str]:
    """Give the string constants of a module that are not its documentation."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value
