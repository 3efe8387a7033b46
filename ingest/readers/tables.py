"""The `tables` reader: the user's own CSV or Parquet files, described by `dataset.toml`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from ingest import names
from ingest.friends import each_once
from ingest.keys import are_known
from ingest.readers import dataset_toml
from ingest.readers.dataset_toml import DatasetFile, FileSection, Friends, Nodes, Relation, Texts, Triples
from ingest.readers.own_interactions import read_interactions
from ingest.table_files import Rows, read_rows
from ingest.tables import FRIEND_COLUMNS, TEXT_COLUMNS, Tables, empty
from spikegraph.errors import DataError
from spikegraph.logs import get_logger

log = get_logger(__name__)


class Files:
    """The files of one folder, each read once."""

    def __init__(self, folder: Path) -> None:
        self._rows = lru_cache(maxsize=None)(
            lambda file, delimiter, encoding: read_rows(folder, file, delimiter=delimiter, encoding=encoding)
        )

    def rows(self, section: FileSection | Nodes) -> Rows:
        """Give the rows of a section's file."""
        rows: Rows = self._rows(section.file, section.delimiter, section.encoding)
        return rows


def read(folder: Path) -> Tables:
    """Read the data set that `dataset.toml` of the folder describes.

    Raises:
        DataError: a file or value is refused; `where` is file and line.
        UsageError: `dataset.toml` has a key or value that it cannot have.
    """
    config = dataset_toml.load(folder)
    files = Files(folder)
    interactions = read_interactions(config, files.rows)
    users = _nodes(config.users, files) if config.users.file else _mentioned(interactions.frame["user"])
    items = _nodes(config.items, files) if config.items.file else _mentioned(interactions.frame["item"])
    items = items.assign(label=config.items.label, is_item=True)
    interactions.check_ends(users["key"], items["key"])
    entities, triples = _knowledge(config, files, items)
    return Tables(
        users=users,
        entities=entities,
        triples=triples,
        relations=_relations(config, triples),
        interactions=interactions.positives(),
        texts=_texts(config, files, items["key"]),
        friends=_friends(config.friends, files, config.users.namespace, users["key"]),
        label=config.label,
        source=config.source,
        positive_rule=config.interactions.positive or "every listed pair",
    )


def _nodes(section: Nodes, files: Files) -> pd.DataFrame:
    """Read nodes: key, name (the id where there is none) and attributes; a repeated id is refused."""
    rows = files.rows(section)
    ids = rows.identifiers(str(section.key))
    rows.refuse(ids.duplicated().to_numpy(), str(section.key), "is the id of an earlier row too")
    frame = pd.DataFrame({"key": f"{section.namespace}/" + ids, "name": ids})
    if section.name is not None:
        given = rows.text(section.name)
        frame["name"] = given.where(given != "", ids)
    for name, column in section.attributes.items():
        frame[name] = rows.values(column)
    return frame


def _mentioned(keys: pd.Series[str]) -> pd.DataFrame:
    """Make nodes of the keys that the interactions mention, named by their ids."""
    found = pd.Series(keys.unique(), dtype="str").sort_values(ignore_index=True)
    return pd.DataFrame({"key": found, "name": found.str.split("/", n=1).str[1]})


def _knowledge(config: DatasetFile, files: Files, items: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read entities and triples: first everything that makes entities, then the triples between them."""
    listed = [_nodes(part, files).assign(label=part.label, is_item=False) for part in config.entities]
    for part, frame in zip(config.entities, listed, strict=True):
        _refuse_known(frame, items, part.file)
    facts = [_Facts(section, files) for section in config.all_triples()]
    made = [frame for fact in facts for frame in fact.entities()]
    entities = pd.concat([items, *listed, *made], ignore_index=True).drop_duplicates("key", ignore_index=True)
    known = set(entities["key"])
    triples = pd.concat(
        [pd.DataFrame({"head": [], "relation": [], "tail": []}, dtype="str"), *(fact.triples(known) for fact in facts)],
        ignore_index=True,
    )
    return entities, _without_repeats(triples)


def _refuse_known(frame: pd.DataFrame, items: pd.DataFrame, file: str) -> None:
    both = frame["key"].isin(items["key"])
    if both.any():
        raise DataError(f"'{frame['key'][both].iloc[0]}' is an item already", where=file)


class _Facts:
    """The triples of one section; a cell with several tails is several triples."""

    def __init__(self, section: Triples, files: Files) -> None:
        rows = files.rows(section)
        tails = rows.text(section.tail)
        if section.separator is not None:
            tails = tails.str.split(section.separator, regex=False).explode().str.strip()
        tails = tails[tails != ""]
        self.section = section
        self.rows = rows.take(tails.index.to_numpy(dtype=np.int64))
        self.tails = tails.reset_index(drop=True)
        self.heads = self.rows.identifiers(section.head)
        self._refuse_bad_tails()

    def _refuse_bad_tails(self) -> None:
        control = self.tails.str.contains(r"[\x00-\x1f\x7f]", regex=True)
        self.rows.refuse((control | (self.tails.str.len() > 500)).to_numpy(), self.section.tail, "cannot be an id")

    def entities(self) -> list[pd.DataFrame]:
        """Give the entities that the ends make: those of ends with a label."""
        ends = (
            (self.heads, self.section.head_namespace, self.section.head_label),
            (self.tails, self.section.tail_namespace, self.section.tail_label),
        )
        frames = []
        for ids, namespace, label in ends:
            if label is not None:
                found = pd.Series(ids.unique(), dtype="str")
                frame = pd.DataFrame({"key": f"{namespace}/" + found, "name": found.map(_entity_name)})
                frames.append(frame.assign(label=label, is_item=False))
        return frames

    def triples(self, known: set[str]) -> pd.DataFrame:
        """Give head, relation and tail; an end that nothing knows is refused, or dropped if so asked."""
        section = self.section
        frame = pd.DataFrame(
            {
                "head": f"{section.head_namespace}/" + self.heads,
                "relation": self._relation(),
                "tail": f"{section.tail_namespace}/" + self.tails,
            }
        )
        unknown = {end: ~are_known(frame[end], known) for end in ("head", "tail")}
        if section.unknown == "refuse":
            self.rows.refuse(unknown["head"], section.head, "is not an item or entity that is known")
            bad = unknown["tail"]
            if bad.any():
                row = int(np.argmax(bad))
                raise DataError(f"'{frame['tail'][row]}' is not an item or entity", where=self.rows.where(row))
        return frame[~(unknown["head"] | unknown["tail"])]

    def _relation(self) -> pd.Series[str] | str:
        if self.section.relation_column is None:
            return str(self.section.relation)
        values = self.rows.text(self.section.relation_column, required=True)
        return values.map({value: names.relation_type(value) for value in values.unique()})


def _entity_name(value: str) -> str:
    """Name an entity by its id; the id of a DBpedia resource by its last part."""
    _, resource, local = value.partition("/resource/")
    return names.readable(local) if resource and "://" in value else value


def _without_repeats(triples: pd.DataFrame) -> pd.DataFrame:
    """Drop facts that are there twice, and those that lead from a node to itself."""
    loops = triples["head"] == triples["tail"]
    kept = triples[~loops].drop_duplicates(ignore_index=True)
    if len(kept) < len(triples):
        log.info("dropped triples", self_loops=int(loops.sum()), repeated=len(triples) - int(loops.sum()) - len(kept))
    return kept


def _relations(config: DatasetFile, triples: pd.DataFrame) -> pd.DataFrame:
    """Give the relations in the order of their first triple, in the words of the file where it has any."""
    said = {relation.type: relation for relation in config.relations}
    found = triples["relation"].drop_duplicates().tolist()
    rows: Iterable[Relation] = (said.get(kind, Relation(type=kind)) for kind in found)
    return names.relations_frame((relation.type, relation.name, relation.sentence) for relation in rows)


def _texts(config: DatasetFile, files: Files, items: pd.Series[str]) -> pd.DataFrame:
    """Read the texts of the items file and of files of their own; empty texts are none."""
    frames = [pd.DataFrame({column: [] for column in TEXT_COLUMNS}, dtype="str")]
    for field, column in config.items.texts.items():
        text = files.rows(config.items).text(column)
        frames.append(pd.DataFrame({"key": items, "field": field, "text": text}))
    frames += [_text_file(section, files.rows(section), items) for section in config.texts]
    texts = pd.concat(frames, ignore_index=True)
    return texts[texts["text"] != ""].reset_index(drop=True)


def _text_file(section: Texts, rows: Rows, items: pd.Series[str]) -> pd.DataFrame:
    keys = f"{section.namespace}/" + rows.identifiers(section.key)
    unknown = ~are_known(keys, items)
    if section.unknown == "refuse":
        rows.refuse(unknown, section.key, "is not an item")
    field = rows.text(section.field_column, required=True) if section.field_column else str(section.field)
    frame = pd.DataFrame({"key": keys, "field": field, "text": rows.text(section.text)})
    rows.refuse(frame.duplicated(["key", "field"]).to_numpy(), section.key, "has this text in an earlier row too")
    return frame[~unknown]


def _friends(section: Friends | None, files: Files, namespace: str, users: pd.Series[str]) -> pd.DataFrame:
    """Read pairs of users, each once; a user who is not known is refused, or dropped if so asked."""
    if section is None:
        return empty(*FRIEND_COLUMNS)
    rows = files.rows(section)
    columns = dict(zip(FRIEND_COLUMNS, (section.user, section.friend), strict=True))
    pairs = pd.DataFrame({name: f"{namespace}/" + rows.identifiers(column) for name, column in columns.items()})
    known = {name: are_known(pairs[name], users) for name in FRIEND_COLUMNS}
    if section.unknown == "refuse":
        for name, column in columns.items():
            rows.refuse(~known[name], column, "is not a user")
    rows.refuse((pairs["user"] == pairs["friend"]).to_numpy(), section.friend, "is the same user")
    return each_once(pairs[known["user"] & known["friend"]], users)
