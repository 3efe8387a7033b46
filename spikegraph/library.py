"""Asking a statement of the library by its name, with parameters given as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cypher import statements
from cypher.answers.relation_types import for_dataset
from cypher.statements import Statement
from spikegraph.api import connect
from spikegraph.errors import UsageError
from spikegraph.settings import Settings

GROUPS = ("explore", "recommend")
"""Groups of statements that a person may ask."""


def library() -> list[Statement]:
    """Give the statements that only read, and that a person may ask."""
    found = [statements.load(name) for group in GROUPS for name in statements.names(group)]
    return [statement for statement in found if statement.kind == "read"]


def query(settings: Settings, name: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    """Run a read statement of the library; parameters that are not given take the file's examples.

    Args:
        settings: where the graph is.
        name: the statement's name, as in `explore/popular_items`.
        parameters: values as text; they are read as the example of the parameter is written.

    Raises:
        UsageError: no such statement or parameter, or a value that cannot be read.
    """
    statement = statements.load(name)
    if statement.kind != "read":
        raise UsageError(f"'{name}' writes; only statements that read can be asked", where=name)
    unknown = sorted(set(parameters) - set(statement.parameters))
    if unknown:
        known = ", ".join(statement.parameters) or "none"
        raise UsageError(f"has no parameter {', '.join(unknown)}", where=name, hint=f"its parameters: {known}")
    values = {key: parameter_value(key, example, parameters.get(key)) for key, example in statement.parameters.items()}
    with connect(settings) as store:
        if "dataset" in values:
            statement = for_dataset(store, statement, values["dataset"])
        return store.read(statement, **values)


def parameter_value(key: str, example: str, given: str | None) -> Any:
    """Read a parameter as its example is written: in quotes a text, else a value of JSON.

    Raises:
        UsageError: the value is not of the example's kind.
    """
    if example.startswith("'"):
        return example[1:-1] if given is None else given
    text = (example if given is None else given).replace("'", '"')
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"'{given}' cannot be read", where=f"--param {key}", hint=f"for example {example}") from error
