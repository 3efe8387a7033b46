"""What a profile is, what it may be written from, and what every writer promises.

A writer sees contexts and gives profiles; it never sees the database. Kinds are written bottom-up (spike.md §2.1):
items first, then auxiliary entities, whose contexts may hold the profiles of items, then users.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

from pydantic import BaseModel, ConfigDict

Kind = Literal["item", "entity", "user"]
"""Items, auxiliary entities (those that are no items) and users."""

KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds in the order in which they are written."""

Split = Literal["train", "valid", "test"]

WORD_CAPS: dict[Kind, int] = {"item": 150, "entity": 150, "user": 100}
"""The most words of a profile (spike.md §2.1)."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A node next to the one that is described; `profile` is filled for writers that read profiles."""

    key: str
    name: str
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """The neighbours of a node by one relation and direction.

    Attributes:
        type: the relation (`DIRECTED_BY`).
        words: its name in words (`directed by`).
        sentence: a sentence with `{head}` and `{tail}`.
        outgoing: whether the described node is the head.
        are_items: whether the neighbours are items.
        neighbours: the first few, best known first.
        total: how many there are.
    """

    type: str
    words: str
    sentence: str
    outgoing: bool
    are_items: bool
    neighbours: tuple[Neighbour, ...]
    total: int


@dataclass(frozen=True, slots=True)
class TwoHop:
    """What the knowledge graph says about a neighbour (`Kurosawa was born in Tokyo` for a film of his).

    Attributes:
        through: the relation that leads from the described node to `via`.
        via: the neighbour.
        facts: its own neighbours by one relation and direction.
    """

    through: str
    via: Neighbour
    facts: Facts


@dataclass(frozen=True, slots=True)
class Shared:
    """An entity that several train items of a user lead to."""

    words: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Review:
    """A remark of a user about a train item; `about` is the item's name, empty where the item is described itself."""

    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Context:
    """All that a profile may be written from: the train neighbourhood of one node.

    Attributes:
        kind: what the node is.
        key: its key.
        name: its name, never empty.
        label: its type (`MusicalArtist`); empty for users.
        facts: what the knowledge graph says about it; empty for users.
        two_hop: what it says about the neighbours of an item.
        texts: the item's own texts (description, plot).
        items: the user's train items, latest or best known first.
        num_items: how many train items the user has.
        shared: what the user's train items have in common, most frequent first.
        reviews: the user's own reviews of train items, or the train reviews of an item.
    """

    kind: Kind
    key: str
    name: str
    label: str = ""
    facts: tuple[Facts, ...] = ()
    two_hop: tuple[TwoHop, ...] = ()
    texts: tuple[str, ...] = ()
    items: tuple[Neighbour, ...] = ()
    num_items: int = 0
    shared: tuple[Shared, ...] = ()
    reviews: tuple[Review, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile of one node.

    Attributes:
        key: the node's full key (`lastfm/artist/51`).
        kind: what the node is.
        text: the profile; empty where only its vector is known.
        hash: names the text, and its vector; made from the text where it is not given.
        writer: `template`, `import` or the name of another writer.
        model: the language model that wrote it, or None.
    """

    key: str
    kind: Kind
    text: str
    writer: str
    model: str | None = None
    hash: str = field(default="")

    def __post_init__(self) -> None:
        if not self.hash:
            object.__setattr__(self, "hash", text_hash(self.text))

    @property
    def is_llm(self) -> bool:
        """Whether a language model wrote it."""
        return self.model is not None


class ProfileWriter(Protocol):
    """Gives profiles of contexts, as they are ready: at most one a context, in any order.

    Attributes:
        name: what the profile run says wrote them.
        model: the language model, or None.
        reads_profiles: whether neighbours in the contexts must carry their profiles.
    """

    name: str
    model: str | None
    reads_profiles: bool

    def write(self, contexts: Iterable[Context]) -> Iterable[Profile]:
        """Write the profiles of nodes of one kind; contexts are taken as they are needed."""
        ...


class KindRecord(BaseModel):
    """Who wrote the profiles of one kind, and how many of its nodes have one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    writers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    profiles: int = 0
    nodes: int = 0


class LlmRecord(BaseModel):
    """How a language model wrote a set.

    Attributes:
        mode: `chain` (one call a node) or `agent`.
        asked: the model as it was asked for (`openai:gpt-4o-mini`).
        served: as servers named it in their answers.
        address: who read the texts (`api.openai.com`, `this machine`).
        prompts: per kind the prompt's id and the start of its SHA-256 (`item/1@0a1b2c3d`).
        plan: the start of the SHA-256 of the neighbourhood plan.
        sampling: temperature and the like.
        totals: calls, attempts, tokens_in, tokens_out, and per outcome how many.
        cost: what was spent, in `currency`; None where a price is not known.
        prices: date of the price file.
        report: the quality report (llm.md §9).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["chain", "agent"]
    asked: str
    served: tuple[str, ...]
    address: str
    prompts: dict[Kind, str]
    plan: str
    sampling: dict[str, float | int | str | None]
    totals: dict[str, int]
    cost: float | None = None
    currency: str = "USD"
    prices: str | None = None
    report: dict[str, Any] = {}


class ProfileRun(BaseModel):
    """Provenance of a profile set.

    `id` ends with a hash of the set's content, so the same set always has the same id. `exposed_to`
    names the splits that the texts may have seen; `split_id` is the split of the data set they were made for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    dataset: str
    set: str
    split_id: str
    exposed_to: tuple[Split, ...]
    kinds: dict[Kind, KindRecord]
    created_at: str
    llm: LlmRecord | None = None


class ProfileReport(BaseModel):
    """What writing or activating a profile set did."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: ProfileRun
    seconds: float
    unchanged: bool = False


def text_hash(text: str) -> str:
    """Give the name of a profile text: the SHA-256 of its UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
