"""The library of statements: one `.cypher` file each, found by name.

A file pastes into Neo4j Browser as it stands. It opens with comment lines that say what it answers,
`// kind:` (read, write or schema), `// work:` (query, batch or long: how long it may take), and
one `:param name => example;` line for every parameter it uses. Where the types of a knowledge graph
stand in the text, `// types: A|B` announces the example that `Statement.with_types` replaces: Neo4j 5
reads every relationship of a node before it looks at types that are parameters, which on a popular
item is thousands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal, cast, get_args

from cypher import identifiers
from spikegraph.errors import UsageError

Kind = Literal["read", "write", "schema"]
Work = Literal["query", "batch", "long"]

NO_TYPE = "NO_RELATION"
"""Stands where a data set has no relations: a pattern without a type would mean any type."""

_NAME = re.compile(r"[a-z0-9_]+(/[a-z0-9_]+)?/[A-Za-z0-9_]+")
_PARAMETER_LINE = re.compile(r":param\s+(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=>\s*(?P<example>.+?)\s*;")
_HEADER_LINE = re.compile(r"(?P<name>kind|work|identifier|types):\s*(?P<value>\S+)")
NOT_CODE = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|//[^\n]*|/\*.*?\*/", re.DOTALL)
_USED = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True)
class Statement:
    """One statement of the library.

    Attributes:
        name: group and file, as in `recommend/by_user` or `explore/user/taste`.
        title: what it answers, in words.
        kind: read, write or schema (a change of constraints or indexes).
        work: how long it may take: query (a person waits), batch or long.
        parameters: an example in Cypher for each parameter.
        identifier: the example label or index name that stands in the text where Cypher takes no
            parameter; None where every name is a parameter.
        types: the example relation types (`A|B`) that stand in the text; None where there are none.
        text: the Cypher, without the header.
    """

    name: str
    title: str
    kind: Kind
    work: Work
    parameters: dict[str, str]
    text: str
    identifier: str | None = None
    types: str | None = None

    @property
    def summary(self) -> str:
        """The first sentence of the title."""
        return self.title.partition(". ")[0].rstrip(".")

    @property
    def parts(self) -> tuple[str, ...]:
        """The single commands of the text, which the schema's files hold several of."""
        return tuple(part for part in (piece.strip() for piece in re.split(r";[ \t]*(?:\n|$)", self.text)) if part)

    @property
    def code(self) -> str:
        """The text without its comments and string literals."""
        return NOT_CODE.sub("", self.text)

    @property
    def used_parameters(self) -> set[str]:
        """The names of the parameters that the text uses."""
        return set(_USED.findall(self.code))

    def with_identifier(self, example: str, name: str) -> Statement:
        """Put a validated label in the place of the file's example identifier.

        Raises:
            DataError: `name` is no label.
            UsageError: the file announces no such identifier.
        """
        if self.identifier is None or example != self.identifier:
            raise UsageError(f"the statement announces no identifier '{example}'", where=self.name)
        safe = identifiers.plain(name)
        return replace(self, identifier=None, text=re.sub(rf"\b{re.escape(example)}\b", safe, self.text))

    def with_types(self, types: Iterable[str]) -> Statement:
        """Put the relation types of a data set in the place of the file's examples.

        Raises:
            DataError: one of them is no relationship type.
            UsageError: the file announces no types.
        """
        if self.types is None:
            raise UsageError("the statement announces no types", where=self.name)
        safe = sorted({identifiers.relationship_type(name) for name in types}) or [NO_TYPE]
        return replace(self, types=None, text=self.text.replace(self.types, "|".join(safe)))

    def without_step(self, step: str) -> Statement:
        """Leave out an optional block that `// step:` marks: what it gives is null, as where it finds nothing.

        Raises:
            UsageError: no such step stands in the text, or it gives nothing that could be null.
        """
        block = re.search(rf"^// step: {re.escape(step)}\nOPTIONAL CALL .*?^}}$", self.text, re.MULTILINE | re.DOTALL)
        given = re.search(r"^  RETURN [^\n]* AS (\w+)\n}$", block[0], re.MULTILINE) if block else None
        if block is None or given is None:
            raise UsageError(f"the statement marks no optional step '{step}'", where=self.name)
        return replace(self, text=self.text.replace(block[0], f"WITH *, null AS {given[1]}"))


@cache
def load(name: str) -> Statement:
    """Give the statement of this name (`recommend/by_user`).

    Raises:
        UsageError: there is no such statement, or its header is not complete.
    """
    file = _root().joinpath(f"{name}.cypher")
    if not _NAME.fullmatch(name) or not file.is_file():
        raise UsageError(f"there is no statement '{name}'", where=name, hint=f"there are: {', '.join(names())}")
    return parse(name, file.read_text(encoding="utf-8"))


def names(group: str | None = None) -> list[str]:
    """Give the names of all statements, or of one group (`schema`, `explore`, `explore/user` …), sorted."""
    found = sorted(
        name for folder in _root().iterdir() if folder.is_dir() for name in _names_below(folder, folder.name)
    )
    return [name for name in found if group is None or name.startswith(f"{group}/")]


def _names_below(folder: Traversable, path: str) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _names_below(entry, f"{path}/{entry.name}")
        elif entry.name.endswith(".cypher"):
            yield f"{path}/{entry.name.removesuffix('.cypher')}"


def parse(name: str, source: str) -> Statement:
    """Read a file's header and statement.

    Raises:
        UsageError: the header lacks its title, kind or work.
    """
    head, _, text = source.partition("\n\n")
    if not text.strip():
        raise UsageError("the file holds no statement, or no empty line before it", where=name)
    title: list[str] = []
    header: dict[str, str] = {}
    parameters: dict[str, str] = {}
    for line in head.splitlines():
        comment = line.removeprefix("//").strip()
        if entry := _HEADER_LINE.fullmatch(comment):
            header[entry["name"]] = entry["value"]
        elif parameter := _PARAMETER_LINE.fullmatch(line.strip()):
            parameters[parameter["name"]] = parameter["example"]
        else:
            title.append(comment)
    return _statement(name, title, header, parameters, text.strip())


def _statement(name: str, title: list[str], header: dict[str, str], parameters: dict[str, str], text: str) -> Statement:
    kind, work = header.get("kind"), header.get("work")
    if not title or kind not in get_args(Kind) or work not in get_args(Work):
        raise UsageError("the header must give a title, '// kind:' and '// work:'", where=name)
    return Statement(
        name=name,
        title=" ".join(title),
        kind=cast("Kind", kind),
        work=cast("Work", work),
        parameters=parameters,
        text=text.removesuffix(";"),
        identifier=header.get("identifier"),
        types=header.get("types"),
    )


def _root() -> Traversable:
    return files("cypher")
