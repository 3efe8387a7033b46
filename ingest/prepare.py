"""A data set on its way into the graph, whichever way it goes: checked, split, and named by its content."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pandas as pd

from cypher import identifiers
from ingest.graph_rows import GraphRows, content_hash, graph_rows
from ingest.split import SplitRule, apply_split, split_id
from ingest.tables import Tables
from ingest.validate import check


@dataclass(frozen=True, eq=False)
class Prepared:
    """A data set that can be written.

    Attributes:
        name: its name in the graph.
        tables: what the reader gave, checked, with the data set's label.
        interactions: the tables' interactions with a `split` column.
        split: how they were split.
        sha256: of all that will be written.
    """

    name: str
    tables: Tables
    interactions: pd.DataFrame
    split: SplitRule
    sha256: str

    @property
    def label(self) -> str:
        """The data set's label."""
        return self.tables.label

    def rows(self) -> GraphRows:
        """Give the rows that the graph takes.

        Raises:
            DataError: a text and an attribute of items have the same name.
        """
        return graph_rows(self.tables, self.interactions, self.name)

    def properties(self) -> dict[str, str]:
        """Give what the data set's node says of where it came from and how it was split."""
        return {
            "label": self.label,
            "source": self.tables.source,
            "reader": self.tables.reader,
            "sha256": self.sha256,
            "split_id": split_id(self.interactions),
            "split_rule": self.split.describe(),
            "positive_rule": self.tables.positive_rule,
        }


def prepare(name: str, tables: Tables, split: SplitRule) -> Prepared:
    """Check a data set and split it.

    Args:
        name: the data set's name.
        tables: what a reader gave.
        split: how it is split; its seed decides what is drawn.

    Raises:
        DataError: the tables or the name are refused.
    """
    identifiers.dataset_name(name)
    check(tables)
    if not tables.label:
        tables = dataclasses.replace(tables, label=identifiers.label_of(name))
    interactions = apply_split(tables.interactions, split, split.generator())
    return Prepared(name, tables, interactions, split, content_hash(tables, interactions, split.describe()))
