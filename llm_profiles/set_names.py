"""What a profile set may be called: its name is also that of its folder and of its ledger."""

from __future__ import annotations

import re

from spikegraph.errors import DataError

_SET = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def set_name(name: str) -> str:
    """Give a name back that a profile set may have.

    Raises:
        DataError: it may not.
    """
    if not is_set_name(name):
        rule = "lower-case letters, digits and '-', at most 63"
        raise DataError(f"{name[:80]!r} is not the name of a profile set", hint=f"it is made of {rule}: 'template'")
    return name


def is_set_name(name: str) -> bool:
    """Whether a profile set may be called so."""
    return bool(_SET.fullmatch(name))
