"""Keys: which of many are known, asked once a different key."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd


def are_known(keys: pd.Series[str], known: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Tell which keys are among the known ones: bool [n].

    Each different key is looked up once in a set: ten times faster than `Series.isin` on Arrow strings.
    """
    codes, different = keys.factorize(use_na_sentinel=False)
    having = known if isinstance(known, (set, frozenset)) else set(known)
    found = np.fromiter((key in having for key in different), dtype=bool, count=len(different))
    answer: npt.NDArray[np.bool_] = found[codes]
    return answer
