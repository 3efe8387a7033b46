"""The knowledge graph of Last.FM: DBpedia triples around the artists, and the tags of listeners.

What is kept and what becomes of it:

* triples with an artist of the data set at one end at least (41 270 lines);
* `associatedBand` and `associatedMusicalArtist` are the same facts twice and become one relation;
* a resource that is an artist of the data set **is** that artist's node, at whichever end it stands;
  where several artists share one resource (`Owen Pallett`, `Final Fantasy`) each takes its facts;
* triples from a resource to itself are dropped, as are those that only lead between two names of one resource;
* other resources are `dbpedia/NAME` (`web/URL` for the few that are not DBpedia's), named by their last part.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ingest import names
from ingest.text_files import at_line, read_lines, split_lines
from spikegraph.errors import DataError
from spikegraph.logs import get_logger

log = get_logger(__name__)

RESOURCE = "http://dbpedia.org/resource/"
SMALLEST_TAG = 5
"""A tag becomes a node when this many artists of the data set have it."""

RELATIONS = (
    ("ASSOCIATED_ACT", "associated act", "{head} is associated with {tail}."),
    ("HAS_MEMBER", "has member", "{tail} is a member of {head}."),
    ("HAS_FORMER_MEMBER", "has former member", "{tail} was a member of {head}."),
    ("BORN_IN", "born in", "{head} was born in {tail}."),
    ("COMES_FROM", "comes from", "{head} comes from {tail}."),
    ("HAS_GENRE", "genre", "{head} plays {tail}."),
    ("PLAYS_INSTRUMENT", "plays instrument", "{head} plays the instrument {tail}."),
    ("HAS_OCCUPATION", "occupation", "{head} works as {tail}."),
    ("ON_LABEL", "record label", "{head} is on the record label {tail}."),
    ("HAS_TAG", "tagged", "Listeners tag {head} as {tail}."),
)
"""Type, name and sentence of each relation."""

FILES = {
    "associatedBand": ("ASSOCIATED_ACT", "Artist", "Artist"),
    "associatedMusicalArtist": ("ASSOCIATED_ACT", "Artist", "Artist"),
    "bandMember": ("HAS_MEMBER", "Band", "Person"),
    "formerBandMember": ("HAS_FORMER_MEMBER", "Band", "Person"),
    "birthPlace": ("BORN_IN", "Person", "Place"),
    "hometown": ("COMES_FROM", "Artist", "Place"),
    "genre": ("HAS_GENRE", "Artist", "Genre"),
    "instrument": ("PLAYS_INSTRUMENT", "Person", "Instrument"),
    "occupation": ("HAS_OCCUPATION", "Person", "Occupation"),
    "recordLabel": ("ON_LABEL", "Artist", "RecordLabel"),
}
"""The property of each file, its relation, and what its head and tail are."""


@dataclass(frozen=True, eq=False)
class Facts:
    """The entities that are no items, and all triples."""

    entities: pd.DataFrame
    triples: pd.DataFrame


def read_facts(folder: Path, artists: pd.DataFrame) -> Facts:
    """Read DBpedia facts and tags.

    Args:
        folder: the folder of the data set.
        artists: the items: `key`, `id` (hetrec) and `dbpedia` (URI or missing).
    """
    edges = _read_edges(folder, set(artists["dbpedia"].dropna()))
    labels = _labels(edges)
    keyed = _with_keys(edges, artists)
    tags = _read_tags(folder, artists)
    triples = pd.concat([keyed, tags.triples], ignore_index=True)
    others = pd.Index(keyed["head"]).append(pd.Index(keyed["tail"])).unique().difference(pd.Index(artists["key"]))
    resources = labels[labels["key"].isin(others)].sort_values("key", ignore_index=True)
    return Facts(pd.concat([resources, tags.entities], ignore_index=True), triples)


def _read_edges(folder: Path, items: set[str]) -> pd.DataFrame:
    """Read the triples that touch an item: head, tail (URIs), relation, head_label, tail_label."""
    frames = []
    for prop, (relation, head_label, tail_label) in FILES.items():
        name = f"dbpedia-triples/dbo:{prop}.edgelist"
        rows = split_lines(read_lines(folder, name), name, None, 2)
        edges = pd.DataFrame(rows, columns=["head", "tail"], dtype="str")
        touching = edges[edges["head"].isin(items) | edges["tail"].isin(items)]
        frames.append(touching.assign(relation=relation, head_label=head_label, tail_label=tail_label))
    edges = pd.concat(frames, ignore_index=True)
    distinct = edges.drop_duplicates(["head", "relation", "tail"], ignore_index=True)
    log.info("DBpedia triples that touch an artist", lines=len(edges), distinct=len(distinct))
    return distinct


def _with_keys(edges: pd.DataFrame, artists: pd.DataFrame) -> pd.DataFrame:
    """Give the triples between keys; a resource of several artists stands for each of them."""
    edges = edges.loc[edges["head"] != edges["tail"], ["head", "relation", "tail"]]
    item_keys = artists.dropna(subset="dbpedia").set_index("dbpedia")["key"]
    for end in ("head", "tail"):
        joined = edges.join(item_keys, on=end)
        edges = joined.assign(**{end: joined["key"].fillna(joined[end].map(_key))}).drop(columns="key")
    triples: pd.DataFrame = edges[edges["head"] != edges["tail"]].drop_duplicates(ignore_index=True)
    return triples


def _key(uri: str) -> str:
    return f"dbpedia/{uri.removeprefix(RESOURCE)}" if uri.startswith(RESOURCE) else f"web/{uri}"


def _labels(edges: pd.DataFrame) -> pd.DataFrame:
    """Give each resource a name and one label: what it most often is, `Artist` only if nothing narrower."""
    ends = pd.concat([edges[[end, f"{end}_label"]].set_axis(["uri", "label"], axis=1) for end in ("head", "tail")])
    counts = ends.value_counts().rename("times").reset_index()
    counts["broad"] = counts["label"] == "Artist"
    best = counts.sort_values(["uri", "broad", "times", "label"], ascending=[True, True, False, True])
    best = best.drop_duplicates("uri", ignore_index=True)
    keys = best["uri"].map(_key)
    names_ = best["uri"].map(lambda uri: names.readable(uri.removeprefix(RESOURCE)))
    return pd.DataFrame({"key": keys, "name": names_, "label": best["label"], "is_item": False})


def _read_tags(folder: Path, artists: pd.DataFrame) -> Facts:
    """Read which artist has which tags; tags of fewer than five artists are left out."""
    name = "minilm-text/lfm2k_text.tsv"
    rows = split_lines(read_lines(folder, name)[1:], name, "\t", 2, first=2)
    frame = pd.DataFrame(rows, columns=["id", "tag"], dtype="str").assign(line=np.arange(2, len(rows) + 2))
    frame = frame.merge(artists[["id", "key"]], on="id")
    frame = frame.assign(tag=frame["tag"].str.split(",")).explode("tag", ignore_index=True)
    frame["tag"] = frame["tag"].str.strip()
    frame = frame[frame["tag"] != ""].drop_duplicates(["key", "tag"], ignore_index=True)
    ids = _read_tag_ids(folder)
    unknown = ~frame["tag"].isin(ids.index).to_numpy()
    if unknown.any():
        row = int(np.argmax(unknown))
        raise DataError(
            f"the tag {frame['tag'][row]!r} is not in hetrec2011/tags.dat", where=at_line(name, int(frame["line"][row]))
        )
    used = frame["tag"].map(frame["tag"].value_counts()) >= SMALLEST_TAG
    kept = frame[used].reset_index(drop=True)
    log.info("tags of the artists", pairs=len(frame), tags=frame["tag"].nunique(), kept_pairs=len(kept))
    keys = "tag/" + kept["tag"].map(ids)
    entities = pd.DataFrame({"key": keys, "name": kept["tag"]}).drop_duplicates("key", ignore_index=True)
    triples = pd.DataFrame({"head": kept["key"], "relation": "HAS_TAG", "tail": keys})
    return Facts(entities.assign(label="Tag", is_item=False), triples)


def _read_tag_ids(folder: Path) -> pd.Series[str]:
    """Read the hetrec id of each tag; the file is Latin-1."""
    name = "hetrec2011/tags.dat"
    rows = split_lines(read_lines(folder, name, "latin-1")[1:], name, "\t", 2, first=2)
    return pd.Series({tag.strip(): number for number, tag in rows}, dtype="str")
