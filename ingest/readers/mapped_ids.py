"""Folders that number users and items from 0 and keep maps to the original ids (CoLaKG, GEAR-Rec).

`*_map.txt` holds lines `original id, mapped id`; `train.txt` and `test.txt` hold `user item item …` and
the profiles are one JSON object a kind, both by mapped id. Keys are made of the original ids.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from ingest.readers.interaction_lists import InteractionList, read_interaction_list, refuse_overlap
from ingest.text_files import at_line, integers, read_bytes, read_text
from spikegraph.errors import DataError


def read_map(folder: Path, name: str, namespace: str) -> pd.Series[str]:
    """Read lines `original id, mapped id`: a series of keys (`artist/51`), indexed by the mapped id.

    Raises:
        DataError: a line has not two numbers, or an id is there twice.
    """
    numbers = integers(read_bytes(folder, name), name)
    per_line = np.bincount(numbers.lines)
    wrong = np.flatnonzero((per_line != 2) & (per_line != 0))
    if len(wrong):
        raise DataError(f"the line has {per_line[wrong[0]]} fields, not 2", where=at_line(name, int(wrong[0])))
    original, mapped = numbers.ids.reshape(-1, 2).T
    for ids, which in ((original, "original"), (mapped, "mapped")):
        repeated = pd.Series(ids).duplicated().to_numpy()
        if repeated.any():
            row = int(np.argmax(repeated))
            raise DataError(f"the {which} id {ids[row]} is there twice", where=numbers.where(2 * row))
    return pd.Series(f"{namespace}/" + pd.Series(original).astype("str"), name="key").set_axis(mapped).sort_index()


def named_users(users: pd.Series[str]) -> pd.DataFrame:
    """Give the users table of a map: `user/2` is named `User 2`."""
    return pd.DataFrame({"key": users, "name": "User " + users.str.partition("/")[2]}).reset_index(drop=True)


def read_interactions(folder: Path, within: str, users: pd.Series[str], items: pd.Series[str]) -> pd.DataFrame:
    """Read `WITHIN/train.txt` and `WITHIN/test.txt`: columns user, item, split.

    Raises:
        DataError: a user or item is not in its map, or a pair is in both files.
    """
    train, test = (read_interaction_list(folder, f"{within}/{part}.txt") for part in ("train", "test"))
    refuse_overlap(train, test)
    frames = [
        _pairs(part, within, users, items).assign(split=name) for part, name in ((train, "train"), (test, "test"))
    ]
    return pd.concat(frames, ignore_index=True)


def _pairs(part: InteractionList, within: str, users: pd.Series[str], items: pd.Series[str]) -> pd.DataFrame:
    part.refuse(~np.isin(part.users, users.index.to_numpy()), f"the user is not in {within}/user_map.txt")
    part.refuse(~np.isin(part.items, items.index.to_numpy()), f"the item is not in {within}/item_map.txt")
    return pd.DataFrame(
        {"user": users.loc[pd.Index(part.users)].to_numpy(), "item": items.loc[pd.Index(part.items)].to_numpy()}
    )


def read_profiles(
    folder: Path, within: str, users: pd.Series[str], items: pd.Series[str], *, model: str
) -> pd.DataFrame:
    """Read `WITHIN/llm_response_{item,user}.json`: columns key, profile, model.

    Raises:
        DataError: a file is no JSON object of texts, or names an id that is not in its map.
    """
    frames = [
        _read_profile_file(folder, f"{within}/llm_response_{kind}.json", keys, model)
        for kind, keys in (("item", items), ("user", users))
    ]
    return pd.concat(frames, ignore_index=True)


def _read_profile_file(folder: Path, name: str, keys: pd.Series[str], model: str) -> pd.DataFrame:
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
    rows = [(known[mapped], profile.strip(), model) for mapped, profile in found.items() if profile.strip()]
    return pd.DataFrame(rows, columns=["key", "profile", "model"], dtype="str")
