"""Who is a friend of whom: pairs of users without a direction."""

from __future__ import annotations

import numpy as np
import pandas as pd


def each_once(pairs: pd.DataFrame, users: pd.Series[str]) -> pd.DataFrame:
    """Give each pair once, its users in the order of the table, sorted; lists that name both directions become one.

    Args:
        pairs: columns `user` and `friend`, keys that `users` holds.
        users: the keys of all users, in the order of their table.
    """
    places = pd.Index(users)
    ends = np.sort([places.get_indexer(pd.Index(pairs[column])) for column in ("user", "friend")], axis=0)
    first, second = np.unique(ends, axis=1)
    keys = users.to_numpy()
    return pd.DataFrame({"user": keys[first], "friend": keys[second]}, dtype="str")
