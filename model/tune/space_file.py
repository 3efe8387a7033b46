"""Reading a search space from a TOML file: a table an option, `[model.NAME]` or `[train.NAME]`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model.tune.space import Space, parse_parameter
from spikegraph.errors import UsageError

SECTIONS = ("model", "train")


def read_space(file: Path) -> Space:
    """Read a space; whether its options exist is `check_space`'s to say.

    Raises:
        UsageError: the file cannot be read, is not TOML, or says something that is no space.
    """
    tables = _tables(file)
    unknown = [section for section in tables if section not in SECTIONS or not isinstance(tables[section], Mapping)]
    if unknown:
        raise UsageError(f"'{unknown[0]}' is not a section we know", where=str(file), hint="[model.NAME], [train.NAME]")
    space = {
        f"{section}.{name}": parse_parameter(f"{section}.{name}", value, str(file))
        for section in tables
        for name, value in tables[section].items()
    }
    if not space:
        raise UsageError("names nothing to try", where=str(file), hint="[model.l2_weight]\nlow = 1e-4\nhigh = 1e-1")
    return space


def _tables(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(file)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"is not TOML: {error}", where=str(file)) from error
