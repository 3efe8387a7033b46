"""Reading a search space from a TOML file: a table an option, `[model.NAME]` or `[train.NAME]`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from model.tune.space import Space, parse_parameter
from spikegraph.errors import UsageError
from spikegraph.files import read_toml

SECTIONS = ("model", "train")


def read_space(file: Path) -> Space:
    """Read a space; whether its options exist is `check_space`'s to say.

    Raises:
        UsageError: the file cannot be read, is not TOML, or says something that is no space.
    """
    tables = read_toml(file)
    unknown = [section for section in tables if section not in SECTIONS or not isinstance(tables[section], Mapping)]
    if unknown:
        raise UsageError(f"'{unknown[0]}' is not a section we know", where=str(file), hint="[model.NAME], [train.NAME]")
    space = {
        name: parse_parameter(name, value, str(file))
        for section in tables
        for name, value in _leaves(tables[section], section)
    }
    if not space:
        raise UsageError("names nothing to try", where=str(file), hint="[model.l2_weight]\nlow = 1e-4\nhigh = 1e-1")
    return space


def _leaves(table: Mapping[str, Any], name: str) -> Iterator[tuple[str, Any]]:
    """Go down to what holds no further tables: `[model.side.profiles]` is an option within a table of options."""
    for key, value in table.items():
        if isinstance(value, Mapping) and value and all(isinstance(part, Mapping) for part in value.values()):
            yield from _leaves(value, f"{name}.{key}")
        else:
            yield f"{name}.{key}", value
