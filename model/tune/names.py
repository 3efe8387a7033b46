"""Options by their full names: `model.l2_weight`, `train.epochs`, `model.side.profiles`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def full_names(sections: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give the values of nested sections by their full names; a section without values has none."""
    named: dict[str, Any] = {}
    for name, value in sections.items():
        if isinstance(value, Mapping):
            named |= full_names(value, f"{prefix}{name}.")
        else:
            named[f"{prefix}{name}"] = value
    return named


def with_value(sections: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """Give the sections with one value, by its full name, put in; those given stay as they are."""
    first, dot, rest = name.partition(".")
    return {**sections, first: with_value(sections.get(first) or {}, rest, value) if dot else value}
