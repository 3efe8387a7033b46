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

QUESTIONS = {
    "recommend": "What is recommended, what is similar, and why?",
    "explore/data_set": "What is in this data set?",
    "explore/item": "What is this item's world?",
    "explore/user": "What does this user like, and why?",
    "explore/communities": "Which communities are there?",
    "explore/hubs": "Where are hubs and dead ends?",
    "explore/profiles": "Which profiles are thin, copied or stale?",
    "explore/runs": "What does this run recommend that the other does not?",
    "explore/lists": "Who gets only popular items, and which are never recommended?",
    "explore/sanity": "Is the graph sane?",
}
"""The groups of statements that a person may ask, and what each of them answers."""


def library() -> dict[str, list[Statement]]:
    """Give, by question, the statements that only read and that a person may ask."""
    return {
        question: [found for name in statements.names(group) if (found := statements.load(name)).kind == "read"]
        for group, question in QUESTIONS.items()
    }


def find(name: str) -> Statement:
    """Give a statement that a person may ask, by its name or by the end of it (`taste` for `explore/user/taste`).

    Raises:
        UsageError: there is none, there are several, or it writes.
    """
    every = statements.names()
    ends = [name] if name in every else [known for known in every if known.endswith(f"/{name}")]
    askable = {found.name for group in library().values() for found in group}
    ends = [known for known in ends if known in askable] or ends
    if len(ends) > 1:
        raise UsageError(f"several statements end in '{name}'", where=name, hint=f"there are: {', '.join(ends)}")
    statement = statements.load(ends[0] if ends else name)
    if statement.kind != "read":
        raise UsageError(f"'{statement.name}' writes; only statements that read can be asked", where=name)
    return statement


def query(settings: Settings, name: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    """Run a read statement of the library; parameters that are not given take the file's examples.

    Args:
        settings: where the graph is.
        name: the statement's name, as in `explore/lists/popular`, or the end of it, as in `popular`.
        parameters: values as text; they are read as the example of the parameter is written.

    Raises:
        UsageError: no such statement or parameter, or a value that cannot be read.
    """
    statement, values = find(name), values_of(name, parameters)
    with connect(settings) as store:
        if "dataset" in values:
            statement = for_dataset(store, statement, values["dataset"])
        return store.read(statement, **values)


def values_of(name: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Give the value of every parameter of a statement; what is not given is the file's example.

    Raises:
        UsageError: as `query`.
    """
    statement = find(name)
    unknown = sorted(set(parameters) - set(statement.parameters))
    if unknown:
        known = ", ".join(statement.parameters) or "none"
        raise UsageError(f"has no parameter {', '.join(unknown)}", where=name, hint=f"its parameters: {known}")
    return {key: parameter_value(key, example, parameters.get(key)) for key, example in statement.parameters.items()}


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
