"""Values written into the text of a statement, for places that take no parameters: a guide, a favourite.

Nothing of ours is ever sent to the database like this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cypher.statements import NOT_CODE, Statement

_PARAMETER = re.compile(rf"(?P<skip>{NOT_CODE.pattern})|\$(?P<name>[A-Za-z_][A-Za-z0-9_]*)", re.DOTALL)


def text_literal(text: str) -> str:
    r"""Write a text as Cypher does: in single quotes, with backslashes before quotes and backslashes.

    Line ends become `\n`, so that a literal stays on its line.
    """
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def written_out(statement: Statement, texts: Mapping[str, str]) -> str:
    """Give the text of a statement with its parameters written into it.

    Args:
        statement: the statement.
        texts: values of parameters that are texts; every other parameter takes the file's example.
    """
    values = statement.parameters | {name: text_literal(text) for name, text in texts.items()}
    return _PARAMETER.sub(lambda found: found["skip"] or values[found["name"]], statement.text)
