"""The quality report (llm.md §9): counts over all profiles, and measures over a sample, so it is quick on any graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from llm_profiles.calls.ledger import Ledger
from llm_profiles.contract import KINDS, Context, Kind, Profile
from llm_profiles.neighbourhood import Neighbourhood
from llm_profiles.report.names import mentions, named, plain_words, unfounded
from llm_profiles.report.retrieval import Neighbours, Ranking, neighbours, ranking
from llm_profiles.report.texts import Lengths, lengths, near_duplicates, same_text
from llm_profiles.stages import contexts_of
from llm_profiles.writers.template import TemplateWriter

SAMPLE = 1000
"""Nodes of each kind that are looked at one by one; of users a quarter of them."""

OWN_ITEMS = 4
"""Train items of a user that are looked for."""


class CallQuality(BaseModel):
    """How the calls for one kind of node went.

    Attributes:
        dead: requests that were given up.
        refused: attempts that the model refused.
        attempts: all attempts, good or not.
        repaired: share of the sampled profiles whose JSON had to be mended, or which the repair agent wrote.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dead: int
    refused: int
    attempts: int
    repaired: float


class KindQuality(BaseModel):
    """The profiles of one kind of node.

    Attributes:
        nodes: in the data set.
        profiles: of the set; `coverage` is their share.
        writers: how many each writer wrote.
        lengths: words.
        same_text: share whose text another node has too, letter by letter.
        near_duplicates: share of the sample with another one nearly the same in it.
        names_itself: share of the sample that names the node; None for users.
        named: names and years that stand in the sampled texts.
        founded: share of these that stand in the context too; None where nothing is named.
        template_founded: the same of the template's texts: what the measure itself misses.
        calls: how calls went; None for sets without a ledger.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    nodes: int
    profiles: int
    coverage: float
    writers: dict[str, int]
    lengths: Lengths
    same_text: float
    near_duplicates: float
    names_itself: float | None
    named: int
    founded: float | None
    template_founded: float | None
    calls: CallQuality | None


class QualityReport(BaseModel):
    """What can be said about a profile set.

    Attributes:
        sample: nodes of a kind that were looked at one by one.
        kinds: each kind that has profiles.
        neighbours: whether profiles of alike items are alike; None where there are too few.
        ranking: whether users' profiles find their own items; None where there is nobody to ask.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sample: int
    kinds: dict[Kind, KindQuality]
    neighbours: Neighbours | None
    ranking: Ranking | None


def quality_report(
    neighbourhood: Neighbourhood,
    profiles: Sequence[Profile],
    nodes: Mapping[Kind, int],
    ledger: Ledger | None,
    rng: np.random.Generator,
    *,
    sample: int = SAMPLE,
) -> QualityReport:
    """Look at a profile set.

    Args:
        neighbourhood: reads the contexts of the sampled nodes.
        profiles: the set; profiles without a text are left out.
        nodes: nodes of each kind in the data set.
        ledger: of the set, where a language model wrote it.
        rng: draws the sample.
        sample: nodes of each kind that are looked at one by one.
    """
    by_kind = {kind: [p for p in profiles if p.kind == kind and p.text] for kind in KINDS}
    texts = {profile.key: profile.text for of_kind in by_kind.values() for profile in of_kind}
    drawn = {kind: _drawn(by_kind[kind], sample // 4 if kind == "user" else sample, rng) for kind in KINDS}
    contexts = {kind: _contexts(neighbourhood, kind, drawn[kind], texts) for kind in KINDS}
    own = {user.key: _some([item.key for item in user.items], OWN_ITEMS, rng) for user in contexts["user"]}
    known = {context.key for context in contexts["item"]}
    more = sorted({item for items in own.values() for item in items if item in texts} - known)
    template = _template([*contexts["item"], *contexts["user"], *_contexts(neighbourhood, "item", more, texts)])
    return QualityReport(
        sample=sample,
        kinds={
            kind: _kind(kind, by_kind[kind], nodes[kind], contexts[kind], texts, ledger)
            for kind in KINDS
            if by_kind[kind]
        },
        neighbours=neighbours(contexts["item"], texts, template),
        ranking=ranking(contexts["user"], own, texts, template, rng),
    )


def _drawn(profiles: Sequence[Profile], most: int, rng: np.random.Generator) -> list[str]:
    return _some([profile.key for profile in profiles], most, rng)


def _some(keys: Sequence[str], most: int, rng: np.random.Generator) -> list[str]:
    """Draw some keys, in their order; all where there are no more."""
    if len(keys) <= most:
        return list(keys)
    return [keys[row] for row in sorted(rng.choice(len(keys), size=most, replace=False))]


def _contexts(neighbourhood: Neighbourhood, kind: Kind, keys: Sequence[str], texts: Mapping[str, str]) -> list[Context]:
    def written(wanted: Collection[str]) -> dict[str, str]:
        return {key: texts[key] for key in wanted if key in texts}

    return list(contexts_of(neighbourhood, kind, keys, written))


def _template(contexts: Sequence[Context]) -> dict[str, str]:
    return {profile.key: profile.text for profile in TemplateWriter().write(contexts)}


def _kind(
    kind: Kind,
    profiles: Sequence[Profile],
    nodes: int,
    contexts: Sequence[Context],
    texts: Mapping[str, str],
    ledger: Ledger | None,
) -> KindQuality:
    count, founded = _founded(contexts, texts)
    _, template_founded = _founded(contexts, _template(contexts))
    return KindQuality(
        nodes=nodes,
        profiles=len(profiles),
        coverage=len(profiles) / max(nodes, 1),
        writers=dict(Counter(profile.writer for profile in profiles)),
        lengths=lengths(profiles, kind),
        same_text=same_text(profiles),
        near_duplicates=near_duplicates([texts[context.key] for context in contexts]),
        names_itself=None if kind == "user" else _naming(contexts, texts),
        named=count,
        founded=founded,
        template_founded=template_founded,
        calls=_calls(ledger, kind, [context.key for context in contexts]) if ledger else None,
    )


def _naming(contexts: Sequence[Context], texts: Mapping[str, str]) -> float:
    return float(np.mean([mentions(plain_words(texts[context.key]), context.name) for context in contexts]))


def _founded(contexts: Sequence[Context], texts: Mapping[str, str]) -> tuple[int, float | None]:
    """Count what the texts name, and give the share of it that stands in the contexts."""
    count = sum(len(named(texts[context.key])) for context in contexts)
    missing = sum(len(unfounded(texts[context.key], context)) for context in contexts)
    return count, 1 - missing / count if count else None


def _calls(ledger: Ledger, kind: Kind, nodes: Sequence[str]) -> CallQuality:
    totals = ledger.totals(kind)
    mended = [entry.repaired or entry.mode == "repair" for entry in ledger.current(nodes).values()]
    return CallQuality(
        dead=totals.calls.get("dead", 0),
        refused=totals.outcomes.get("refusal", 0),
        attempts=sum(totals.outcomes.values()),
        repaired=float(np.mean(mended)) if mended else 0.0,
    )
