"""The `lastfm` reader: Last.FM (hetrec2011) with DBpedia facts, listeners' tags and LLM-written profiles.

The layout is that of a folder with `colakg/`, `hetrec2011/`, `dbpedia-triples/`, `dbpedia-mapping/`
and `minilm-text/` (docs/data-sets.md). Friend links and the whole-history files (`user_artists.dat`,
`*.inter`) are not read: the latter hold the test pairs.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ingest import names
from ingest.readers.interaction_lists import InteractionList, read_interaction_list, refuse_overlap
from ingest.readers.lastfm_facts import RELATIONS, read_facts
from ingest.tables import Tables
from ingest.text_files import at_line, integers, read_bytes, read_lines, read_text, split_lines
from spikegraph.errors import DataError

IntArray = npt.NDArray[np.int64]

SOURCE = (
    "Last.FM (hetrec2011-lastfm-2k, non-commercial use) in the CoLaKG split, with DBpedia facts (CC BY-SA), "
    "listeners' tags, and profiles written by deepseek-chat from the training part"
)
PROFILE_MODEL = "deepseek-chat"


def read(folder: Path) -> Tables:
    """Read the folder.

    Raises:
        DataError: a file is missing or refused; `where` is file and line.
    """
    users = _read_map(folder, "colakg/user_map.txt", "user")
    items = _read_map(folder, "colakg/item_map.txt", "artist")
    artists = _read_artists(folder, items)
    facts = read_facts(folder, artists)
    return Tables(
        users=pd.DataFrame({"key": users, "name": "User " + users.str.partition("/")[2]}).reset_index(drop=True),
        entities=pd.concat([artists.drop(columns="id"), facts.entities], ignore_index=True),
        triples=facts.triples,
        relations=names.relations_frame(RELATIONS),
        interactions=_read_interactions(folder, users, items),
        profiles=_read_profiles(folder, users, items),
        exposed_to=("train", "valid"),
        label="LastFm",
        source=SOURCE,
        positive_rule="every artist listened to that the CoLaKG split lists",
    )


def _read_map(folder: Path, name: str, namespace: str) -> pd.Series[str]:
    """Read lines `hetrec id, mapped id`: a series of keys (`artist/51`), indexed by the mapped id."""
    numbers = integers(read_bytes(folder, name), name)
    per_line = np.bincount(numbers.lines)
    wrong = np.flatnonzero((per_line != 2) & (per_line != 0))
    if len(wrong):
        raise DataError(f"the line has {per_line[wrong[0]]} fields, not 2", where=at_line(name, int(wrong[0])))
    original, mapped = numbers.ids.reshape(-1, 2).T
    for ids, which in ((original, "hetrec"), (mapped, "mapped")):
        repeated = pd.Series(ids).duplicated().to_numpy()
        if repeated.any():
            row = int(np.argmax(repeated))
            raise DataError(f"the {which} id {ids[row]} is there twice", where=numbers.where(2 * row))
    return pd.Series(f"{namespace}/" + pd.Series(original).astype("str"), name="key").set_axis(mapped).sort_index()


def _read_artists(folder: Path, items: pd.Series[str]) -> pd.DataFrame:
    """Give the items, in the order of their mapped ids: key, name, label, is_item, url, id (hetrec), dbpedia."""
    name = "hetrec2011/artists.dat"
    rows = split_lines(read_lines(folder, name)[1:], name, "\t", 4, first=2)
    known = {row[0]: row for row in rows}
    ids = items.str.partition("/")[2].tolist()
    missing = [artist for artist in ids if artist not in known]
    if missing:
        raise DataError(f"the artist {missing[0]} of colakg/item_map.txt is not there", where=name)
    frame = pd.DataFrame({"key": items.to_numpy(), "name": [known[artist][1].strip() for artist in ids]}, dtype="str")
    frame["label"], frame["is_item"] = "Artist", True
    frame["url"] = pd.array([known[artist][2] for artist in ids], dtype="str")
    frame["id"] = pd.array(ids, dtype="str")
    return frame.merge(_read_mapping(folder), on="id", how="left")


def _read_mapping(folder: Path) -> pd.DataFrame:
    """Read which artist is which DBpedia resource: columns id, dbpedia."""
    name = "dbpedia-mapping/MappingLastfm2DBpedia-1.2.tsv"
    rows = split_lines(read_lines(folder, name), name, "\t", 3)
    frame = pd.DataFrame([(row[0], row[2]) for row in rows], columns=["id", "dbpedia"], dtype="str")
    repeated = frame["id"].duplicated().to_numpy()
    if repeated.any():
        row = int(np.argmax(repeated))
        raise DataError(f"the artist {frame['id'][row]} is there twice", where=at_line(name, row + 1))
    return frame


def _read_interactions(folder: Path, users: pd.Series[str], items: pd.Series[str]) -> pd.DataFrame:
    train, test = (read_interaction_list(folder, f"colakg/{part}.txt") for part in ("train", "test"))
    refuse_overlap(train, test)
    return pd.concat(
        [_pairs(part, users, items).assign(split=split) for part, split in ((train, "train"), (test, "test"))],
        ignore_index=True,
    )


def _pairs(part: InteractionList, users: pd.Series[str], items: pd.Series[str]) -> pd.DataFrame:
    part.refuse(~np.isin(part.users, users.index.to_numpy()), "the user is not in colakg/user_map.txt")
    part.refuse(~np.isin(part.items, items.index.to_numpy()), "the item is not in colakg/item_map.txt")
    return pd.DataFrame(
        {"user": users.loc[pd.Index(part.users)].to_numpy(), "item": items.loc[pd.Index(part.items)].to_numpy()}
    )


def _read_profiles(folder: Path, users: pd.Series[str], items: pd.Series[str]) -> pd.DataFrame:
    frames = [
        _read_profile_file(folder, "colakg/llm_response_item.json", items),
        _read_profile_file(folder, "colakg/llm_response_user.json", users),
    ]
    return pd.concat(frames, ignore_index=True)


def _read_profile_file(folder: Path, name: str, keys: pd.Series[str]) -> pd.DataFrame:
    """Read `{"mapped id": "text"}`; blank texts are none."""
    text = read_text(folder, name)
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"is not JSON: {error.msg}", where=at_line(name, error.lineno)) from error
    if not isinstance(found, dict) or not all(isinstance(profile, str) for profile in found.values()):
        raise DataError("is not an object of texts by mapped id", where=name)
    known = {str(mapped): key for mapped, key in keys.items()}
    unknown = [mapped for mapped in found if mapped not in known]
    if unknown:
        raise DataError(f"the mapped id {unknown[0]!r} is not one of the map", where=name)
    rows = [(known[mapped], profile.strip(), PROFILE_MODEL) for mapped, profile in found.items() if profile.strip()]
    return pd.DataFrame(rows, columns=["key", "profile", "model"], dtype="str")
