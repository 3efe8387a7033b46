"""What `dataset.toml` may say: the user's own files, described (docs/your-own-data.md).

Every key is checked; one that is not known is an error that names it.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from cypher import identifiers
from ingest.text_files import read_text
from spikegraph.errors import DataError, UsageError

FILE = "dataset.toml"

Namespace = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]


def _property_columns(value: Any) -> Any:
    """Read `["year"]` as `{year = "year"}`: property → column."""
    return {name: name for name in value} if isinstance(value, list) else value


def _property_names(value: dict[str, str]) -> dict[str, str]:
    for name in value:
        if name in ("label", "is_item"):
            raise ValueError(
                f"the property '{name}' has a meaning of its own; {{ other_name = \"{name}\" }} renames it"
            )
        try:
            identifiers.property_name(name)
        except DataError as error:
            raise ValueError(f'{error.message}; {{ other_name = "{name}" }} renames it') from error
    return value


PropertyColumns = Annotated[dict[str, str], BeforeValidator(_property_columns), AfterValidator(_property_names)]


class Section(BaseModel):
    """A part of the file; a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FileSection(Section):
    """A CSV or Parquet file, relative to the folder of `dataset.toml`."""

    file: str
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str = "utf-8"


class Nodes(Section):
    """Nodes of one kind: the file's columns for the id (`key`), the name and the attributes."""

    file: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str = "utf-8"
    key: str | None = None
    namespace: Namespace
    name: str | None = None
    attributes: PropertyColumns = Field(default_factory=dict)

    @model_validator(mode="after")
    def _file_and_key(self) -> Nodes:
        if (self.file is None) != (self.key is None):
            raise ValueError("'file' and 'key' (the column of the id) go together")
        return self


class RelationColumn(Section):
    """A column of the items file whose cells are entities: `director`, parted by `separator`."""

    column: str
    relation: str
    namespace: Namespace
    label: str | None = None
    separator: str | None = Field(default=None, min_length=1)


class Users(Nodes):
    """The users; without a file they are those of the interactions."""

    namespace: Namespace = "user"


class Items(Nodes):
    """The items; without a file they are those of the interactions."""

    label: str
    texts: PropertyColumns = Field(default_factory=dict)
    relations: tuple[RelationColumn, ...] = ()


class Entities(Nodes):
    """Nodes of the knowledge graph that are not recommended."""

    file: str
    key: str
    label: str


class Triples(FileSection):
    """Facts: a column for each end, and the relation: one for the whole file, or a column.

    An end with a `label` makes the entities it names; without one they must be there already.
    """

    head: str
    head_namespace: Namespace
    head_label: str | None = None
    tail: str
    tail_namespace: Namespace
    tail_label: str | None = None
    relation: str | None = None
    relation_column: str | None = None
    separator: str | None = Field(default=None, min_length=1)
    unknown: Literal["refuse", "drop"] = "refuse"

    @model_validator(mode="after")
    def _one_relation(self) -> Triples:
        if (self.relation is None) == (self.relation_column is None):
            raise ValueError("needs 'relation' or 'relation_column', and not both")
        return self


class Relation(Section):
    """The words of a relation: how it is called and said (`{head}` and `{tail}` are replaced)."""

    type: str
    name: str | None = None
    sentence: str | None = None


class Interactions(FileSection):
    """Who had to do with what; `positive` says which rows count."""

    user: str
    item: str
    rating: str | None = None
    count: str | None = None
    at: str | None = None
    at_format: str | None = None
    review: str | None = None
    split: str | None = None
    positive: str | None = None
    duplicates: Literal["refuse", "first", "last", "count"] = "refuse"

    @model_validator(mode="after")
    def _rule_has_its_column(self) -> Interactions:
        if self.positive is not None and getattr(self, self.rule()[0]) is None:
            raise ValueError(f"the rule '{self.positive}' needs the column '{self.rule()[0]}'")
        if self.duplicates == "count" and self.count is not None:
            raise ValueError("duplicates = 'count' counts the rows of a pair; the file has a count of its own")
        return self

    def rule(self) -> tuple[str, str, float]:
        """Give the rule as column, comparison and number."""
        match = re.fullmatch(r"\s*(rating|count)\s*(>=|<=|==|>|<)\s*(-?[0-9]+(?:\.[0-9]+)?)\s*", self.positive or "")
        if match is None:
            raise ValueError(f"the rule '{self.positive}' is not like 'rating >= 4' or 'count > 1'")
        return match[1], match[2], float(match[3])


class Texts(FileSection):
    """Texts of items in a file of their own: one property for the whole file, or a column that names it."""

    key: str
    namespace: Namespace
    text: str
    field: str | None = None
    field_column: str | None = None
    unknown: Literal["refuse", "drop"] = "refuse"

    @model_validator(mode="after")
    def _one_field(self) -> Texts:
        if (self.field is None) == (self.field_column is None):
            raise ValueError("needs 'field' or 'field_column', and not both")
        return self


class Friends(FileSection):
    """Who is a friend of whom, one pair a row; a pair may stand there in both directions."""

    user: str
    friend: str
    unknown: Literal["refuse", "drop"] = "refuse"


class Reviews(FileSection):
    """Reviews in a file of their own; each belongs to a pair of the interactions."""

    user: str
    item: str
    review: str


class DatasetFile(Section):
    """The whole of `dataset.toml`."""

    label: str
    source: str
    users: Users = Users()
    items: Items
    entities: tuple[Entities, ...] = ()
    triples: tuple[Triples, ...] = ()
    relations: tuple[Relation, ...] = ()
    interactions: Interactions
    texts: tuple[Texts, ...] = ()
    reviews: Reviews | None = None
    friends: Friends | None = None

    def all_triples(self) -> tuple[Triples, ...]:
        """Give the triples, those in columns of the items file among them."""
        return tuple(self._of_column(column) for column in self.items.relations) + self.triples

    def _of_column(self, column: RelationColumn) -> Triples:
        return Triples(
            file=str(self.items.file),
            delimiter=self.items.delimiter,
            encoding=self.items.encoding,
            head=str(self.items.key),
            head_namespace=self.items.namespace,
            tail=column.column,
            tail_namespace=column.namespace,
            tail_label=column.label,
            relation=column.relation,
            separator=column.separator,
        )

    @model_validator(mode="after")
    def _columns_need_a_file(self) -> DatasetFile:
        if self.items.file is None and (self.items.relations or self.items.texts):
            raise ValueError("[items] has relations or texts, but no file")
        return self


def load(folder: Path) -> DatasetFile:
    """Read `dataset.toml` of a folder.

    Raises:
        DataError: it is missing or no text.
        UsageError: it is no TOML, or a key or value is not one we know.
    """
    text = read_text(folder, FILE)
    try:
        return DatasetFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"is not TOML: {error}", where=FILE) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        reason = "is not a key we know" if first["type"] == "extra_forbidden" else first["msg"]
        raise UsageError(f"'{key}' {reason}", where=FILE, hint="docs/your-own-data.md has every key") from error
