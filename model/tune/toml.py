"""Settings as TOML text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any


def to_toml(sections: Mapping[str, Mapping[str, Any]], comment: str) -> str:
    """Write sections of settings; every value is a scalar, a list or a table of such.

    Args:
        sections: per section its settings; empty ones are left out.
        comment: lines for the top.
    """
    lines = [f"# {line}" for line in comment.splitlines()]
    for section, values in sections.items():
        if values:
            lines += ["", f"[{section}]", *(f"{_key(key)} = {_value(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # JSON may hold it, TOML may not


def _key(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else _value(key)
