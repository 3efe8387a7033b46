"""The `lastfm` reader: Last.FM (hetrec2011) with DBpedia facts, listeners' tags and LLM-written profiles.

The layout is that of a folder with `colakg/`, `hetrec2011/`, `dbpedia-triples/`, `dbpedia-mapping/`
and `minilm-text/` (docs/data-sets.md). The whole-history files (`user_artists.dat`, `*.inter`) are not read: they hold
the test pairs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ingest import names
from ingest.friends import each_once
from ingest.readers.lastfm_facts import RELATIONS, read_facts
from ingest.readers.mapped_ids import named_users, read_interactions, read_map, read_profiles
from ingest.tables import FRIEND_COLUMNS, Tables
from ingest.text_files import at_line, read_lines, split_lines
from spikegraph.errors import DataError

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
    users = read_map(folder, "colakg/user_map.txt", "user")
    items = read_map(folder, "colakg/item_map.txt", "artist")
    artists = _read_artists(folder, items)
    facts = read_facts(folder, artists)
    return Tables(
        users=named_users(users),
        entities=pd.concat([artists.drop(columns="id"), facts.entities], ignore_index=True),
        triples=facts.triples,
        relations=names.relations_frame(RELATIONS),
        interactions=read_interactions(folder, "colakg", users, items),
        friends=_read_friends(folder, users),
        profiles=read_profiles(folder, "colakg", users, items, model=PROFILE_MODEL),
        exposed_to=("train", "valid"),
        label="LastFm",
        source=SOURCE,
        positive_rule="every artist listened to that the CoLaKG split lists",
    )


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


def _read_friends(folder: Path, users: pd.Series[str]) -> pd.DataFrame:
    """Read who is a friend of whom; the file lists both directions, and people whom the split has left out."""
    name = "hetrec2011/user_friends.dat"
    rows = split_lines(read_lines(folder, name)[1:], name, "\t", 2, first=2)
    pairs = "user/" + pd.DataFrame(rows, columns=list(FRIEND_COLUMNS), dtype="str")
    known = pairs.isin(set(users)).all(axis=1)
    return each_once(pairs[known], users.reset_index(drop=True))


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
