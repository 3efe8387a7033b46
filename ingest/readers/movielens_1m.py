"""The `movielens-1m` reader: MovieLens 1M in the GEAR-Rec split, with facts of the films and LLM-written profiles.

The layout is that of a folder with `gear-rec/` (docs/data-sets.md). Other folders beside it are not
read: the CoLaKG split has other pairs in test and other item numbers, and the profiles of this one
were written from this one's train part.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ingest import names
from ingest.readers.mapped_ids import named_users, read_interactions, read_map, read_profiles
from ingest.table_files import Rows, read_rows
from ingest.tables import Tables
from spikegraph.errors import DataError
from spikegraph.logs import get_logger

log = get_logger(__name__)

SOURCE = (
    "MovieLens 1M (GroupLens, research use, no redistribution) in the GEAR-Rec split, with facts of the films from "
    "TMDB, and profiles written by qwen-max from the training part"
)
PROFILE_MODEL = "qwen-max"
FILMS = "gear-rec/ml1m_extended_movie.csv"

RELATIONS = (
    ("HAS_GENRE", "genre", "{head} is of the genre {tail}."),
    ("MADE_IN", "made in", "{head} was made in {tail}."),
    ("IN_LANGUAGE", "language", "The language of {head} is {tail}."),
    ("RELEASED_IN", "released in", "{head} was released in {tail}."),
    ("DIRECTED_BY", "directed by", "{head} was directed by {tail}."),
    ("WRITTEN_BY", "written by", "{head} was written by {tail}."),
    ("HAS_ACTOR", "with", "{tail} acts in {head}."),
)
"""Type, name and sentence of each relation."""

COLUMNS = {
    "HAS_GENRE": ("genres", "Genre"),
    "MADE_IN": ("production_countries", "Country"),
    "IN_LANGUAGE": ("original_language", "Language"),
    "RELEASED_IN": ("Year", "Year"),
    "DIRECTED_BY": ("director", "Person"),
    "WRITTEN_BY": ("writer", "Person"),
    "HAS_ACTOR": ("actors", "Person"),
}
"""The column of each relation, and what its values are; a person is one node, whatever the role."""

NO_OVERVIEW = "No overview found."


def read(folder: Path) -> Tables:
    """Read the folder.

    Raises:
        DataError: a file is missing or refused; `where` is file and line.
    """
    users = read_map(folder, "gear-rec/user_map.txt", "user")
    items = read_map(folder, "gear-rec/item_map.txt", "movie")
    films = _read_films(folder, items)
    facts = _read_facts(films)
    return Tables(
        users=named_users(users),
        entities=pd.concat([_movies(films), _entities(facts)], ignore_index=True),
        triples=facts[["head", "relation", "tail"]].drop_duplicates(ignore_index=True),
        relations=names.relations_frame(RELATIONS),
        interactions=read_interactions(folder, "gear-rec", users, items),
        texts=_read_overviews(films),
        profiles=read_profiles(folder, "gear-rec", users, items, model=PROFILE_MODEL),
        exposed_to=("train", "valid"),
        label="MovieLens1M",
        source=SOURCE,
        positive_rule="every film rated, whatever the rating",
    )


def _read_films(folder: Path, items: pd.Series[str]) -> Rows:
    """Read the rows of the items, in the order of their mapped ids, with their `key`."""
    rows = read_rows(folder, FILMS)
    keys = "movie/" + rows.text("MovieID", required=True)
    rows.refuse(keys.duplicated().to_numpy(), "MovieID", "is there twice")
    rows = Rows(rows.name, rows.frame.assign(key=keys), rows.lines)
    missing = items[~items.isin(keys)]
    if len(missing):
        raise DataError(
            f"the film {missing.iloc[0].partition('/')[2]} of gear-rec/item_map.txt is not there", where=FILMS
        )
    positions = pd.Series(np.arange(len(rows)), index=keys)
    return rows.take(positions.loc[items].to_numpy())


def _movies(films: Rows) -> pd.DataFrame:
    titles = films.text("Title", required=True)
    return pd.DataFrame({"key": films.frame["key"], "name": titles, "label": "Movie", "is_item": True})


def _read_facts(films: Rows) -> pd.DataFrame:
    """Split the cells of every relation: head, relation, tail, name, label."""
    frames = []
    for relation, (column, label) in COLUMNS.items():
        cells = pd.DataFrame({"head": films.frame["key"], "name": films.text(column).str.split("|")})
        values = cells.explode("name", ignore_index=True)
        values["name"] = values["name"].str.split().str.join(" ")
        values = values[values["name"] != ""].assign(relation=relation, label=label)
        frames.append(values.assign(tail=f"{label.lower()}/" + values["name"]))
    facts = pd.concat(frames, ignore_index=True)
    log.info("facts of the films", facts=len(facts), entities=facts["tail"].nunique())
    return facts


def _entities(facts: pd.DataFrame) -> pd.DataFrame:
    distinct = facts.drop_duplicates("tail").sort_values("tail", ignore_index=True)
    return distinct[["tail", "name", "label"]].rename(columns={"tail": "key"}).assign(is_item=False)


def _read_overviews(films: Rows) -> pd.DataFrame:
    texts = pd.DataFrame({"key": films.frame["key"], "field": "overview", "text": films.text("overview")})
    return texts[~texts["text"].isin(["", NO_OVERVIEW])].reset_index(drop=True)
