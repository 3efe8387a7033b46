"""The relation types of a data set, in the text of statements that want them (docs/decisions/0022)."""

from __future__ import annotations

from cypher import dataset as datasets
from cypher.statements import Statement
from cypher.store import Store


def for_dataset(store: Store, statement: Statement, dataset: str) -> Statement:
    """Put the relation types of a data set into a statement that wants them; give others as they are."""
    if statement.types is None:
        return statement
    return statement.with_types(relation["type"] for relation in datasets.relations(store, dataset))
