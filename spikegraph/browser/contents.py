"""What Browser is told of a data set: its style, and the statements to ask, with its own keys written into them."""

from __future__ import annotations

from dataclasses import dataclass

from cypher import dataset as datasets
from cypher.answers.lists import recommend
from cypher.answers.names import Named, find_item, find_user
from cypher.answers.relation_types import for_dataset
from cypher.dataset import Dataset
from cypher.literals import written_out
from cypher.statements import Statement
from cypher.store import Store
from spikegraph.browser.style import Style, style_of
from spikegraph.errors import NotFoundError
from spikegraph.library import library

ASKED = {"dataset", "user", "item", "run", "other", "k", "most", "head", "reasons", "history"}
"""The parameters that can be written out; a statement that has others is for programs, and is left out."""


@dataclass(frozen=True)
class Ready:
    """A statement that can be pasted and run at once: its name, what it answers in short, text without parameters."""

    name: str
    summary: str
    text: str


@dataclass(frozen=True)
class Contents:
    """What Browser is told of a data set.

    Attributes:
        dataset: the data set.
        user: whom the statements ask about.
        item: what they ask about, of that user's list where there is one.
        questions: by question the statements that answer it.
        style: how the data set looks.
        runs: how many complete runs with lists the graph holds.
    """

    dataset: Dataset
    user: Named
    item: Named
    questions: dict[str, tuple[Ready, ...]]
    style: Style
    runs: int


def contents(store: Store, name: str, user: str | None = None, item: str | None = None) -> Contents:
    """Choose a user and an item to walk along with, and write every statement out for them.

    Args:
        store: where the graph is.
        name: the data set's name.
        user: key, end of the key or exact name; None chooses one with a list and some twenty items.
        item: key, end of the key or exact name; None chooses one from the head of that list.

    Raises:
        NotFoundError, UsageError: no such data set, user or item, or several of this name.
    """
    dataset = datasets.get(store, name)
    chosen_user, chosen_item = _choose(store, name, user, item)
    texts = {"dataset": name, "user": chosen_user.key, "item": chosen_item.key}
    questions = {
        question: tuple(
            _ready(for_dataset(store, statement, name), texts)
            for statement in statements
            if _can_be_written_out(statement)
        )
        for question, statements in library().items()
    }
    return Contents(
        dataset,
        chosen_user,
        chosen_item,
        questions,
        dataset_style(store, name),
        sum(bool(row["run"].get("recommended")) for row in store.read("write_back/runs", dataset=name)),
    )


def dataset_style(store: Store, name: str) -> Style:
    """Give the style of a data set, by the kinds of entity and the relations that it has."""
    relations = {relation["type"]: relation["name"] for relation in datasets.relations(store, name)}
    kinds = [row["label"] for row in store.read("explore/data_set/kinds", dataset=name) if row["role"] == "entity"]
    return style_of([kind for kind in kinds if kind], relations)


def _can_be_written_out(statement: Statement) -> bool:
    """Tell whether the values are known: a run is, where the empty text stands for the active one."""
    return statement.parameters.keys() <= ASKED and statement.parameters.get("run", "''") == "''"


def _ready(statement: Statement, texts: dict[str, str]) -> Ready:
    own = {name: text for name, text in texts.items() if name in statement.parameters}
    return Ready(statement.name, statement.summary, written_out(statement, own))


def _choose(store: Store, dataset: str, user: str | None, item: str | None) -> tuple[Named, Named]:
    chosen_user = find_user(store, dataset, user) if user else None
    chosen_item = find_item(store, dataset, item) if item else None
    if chosen_user is not None and chosen_item is None:
        first = recommend(store, dataset, chosen_user.key, k=1)
        chosen_item = Named(first[0].item, first[0].name) if first else None
    begin = store.read_one("explore/data_set/start_here", dataset=dataset, k=1)
    if begin is None:
        raise NotFoundError("nobody has an item, so there is nothing to walk along", where=f"data set '{dataset}'")
    return (
        chosen_user or Named(begin["user"], begin["user_name"] or begin["user"]),
        chosen_item or Named(begin["item"], begin["item_name"] or begin["item"]),
    )
