"""Profiles that were written elsewhere: read, checked, and put onto the nodes they name."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from llm_profiles.contract import KINDS, Kind, Profile
from llm_profiles.sentences import clean
from spikegraph.errors import DataError

HINT = 'each line is {"key": "artist/51", "profile": "Some words.", "model": "name of the model, if one wrote it"}'
WRITER = "import"

_FIELDS = {"key", "profile", "model"}


def read_profiles(path: Path) -> pd.DataFrame:
    """Read a JSONL of `{key, profile, model?}`; the frame's index is the line number.

    Raises:
        DataError: it cannot be read, or a line is no such object; with file and line.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise DataError("is not UTF-8", where=str(path), hint=HINT) from error
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not numbered:
        raise DataError("is empty", where=str(path), hint=HINT)
    rows = [_row(line, f"{path}:{number}") for number, line in numbered]
    frame = pd.DataFrame(rows, index=[number for number, _ in numbered], dtype=object)
    return frame.reindex(columns=["key", "profile", "model"])


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"is not JSON: {error.msg}", where=where, hint=HINT) from error
    if not isinstance(row, dict) or not {"key", "profile"} <= row.keys():
        raise DataError("must be an object with 'key' and 'profile'", where=where, hint=HINT)
    unknown = sorted(row.keys() - _FIELDS)
    if unknown:
        raise DataError(f"has the unknown field '{unknown[0]}'", where=where, hint=HINT)
    return row


def checked(
    frame: pd.DataFrame, dataset: str, keys: Mapping[Kind, Sequence[str]], model: str | None, where: str
) -> list[Profile]:
    """Give the profiles of a frame with `key`, `profile` and perhaps `model`.

    Args:
        frame: its index counts the lines, from 1.
        dataset: name of the data set, which may or may not open the keys.
        keys: the full keys of the data set's nodes by kind.
        model: the language model of rows that name none, or None.
        where: the file, for messages.

    Raises:
        DataError: an unknown or repeated key, an empty profile, a value of another type; with the line.
    """
    kind_of = {key: kind for kind in KINDS for key in keys[kind]}
    found: dict[str, Profile] = {}
    models = frame["model"] if "model" in frame else [None] * len(frame)
    for number, key, text, named in zip(frame.index, frame["key"], frame["profile"], models, strict=True):
        line = f"{where}:{number}"
        full = full_key(key, dataset, kind_of, line)
        if full in found:
            raise DataError(f"a second profile of '{key}'", where=line)
        if not isinstance(text, str) or not clean(text):
            raise DataError(f"the profile of '{key}' is empty", where=line, hint=HINT)
        found[full] = Profile(full, kind_of[full], clean(text), WRITER, _model(named, line) or model)
    if not found:
        raise DataError("holds no profiles", where=where, hint=HINT)
    return list(found.values())


def full_key(key: object, dataset: str, kind_of: Mapping[str, Kind], line: str) -> str:
    """Give the full key of a node that may be named without the data set.

    Raises:
        DataError: the data set has no such node.
    """
    for candidate in (key, f"{dataset}/{key}"):
        if isinstance(candidate, str) and candidate in kind_of:
            return candidate
    raise DataError(f"the data set has no node {key!r}", where=line, hint=HINT)


def _model(named: object, line: str) -> str | None:
    if isinstance(named, str):
        return named.strip() or None
    if named is None or (isinstance(named, float) and math.isnan(named)):
        return None
    raise DataError("the model must be a text", where=line, hint=HINT)
