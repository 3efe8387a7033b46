"""The one tree of errors: each says what happened, where, and what to do next.

The exit code of the command line is decided by the class, so that scripts can tell kinds apart.
"""

from __future__ import annotations

from typing import ClassVar


class SpikeGraphError(Exception):
    """Base of every error that a user can meet and mend.

    Args:
        message: what happened, in one sentence.
        where: the file and line, node, address or setting that it happened at.
        hint: the next thing to do, as a command where there is one.
    """

    kind: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.message}" if self.where else self.message]
        return "\n".join([*parts, self.hint] if self.hint else parts)

    def as_dict(self) -> dict[str, str | None]:
        """Give the error as the `error` object of a `--json` document."""
        return {"kind": self.kind, "message": self.message, "where": self.where, "hint": self.hint}


class UsageError(SpikeGraphError):
    """Wrong usage or configuration: an unknown key, option, model or preset."""

    kind = "usage"
    exit_code = 2


class MissingExtraError(UsageError):
    """An optional package is needed that is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"the package '{package}' is not installed", hint=install_line(extra))


def install_line(extra: str) -> str:
    """Give the line that installs an extra, typed where the repository was cloned."""
    return f".venv/bin/pip install --constraint constraints.txt --editable '.[{extra}]'"


class DataError(SpikeGraphError):
    """Bad input data: refused with file, line and reason; nothing was written."""

    kind = "data"
    exit_code = 3


class DatabaseError(SpikeGraphError):
    """The database cannot be reached, refuses, or does not hold what was asked for."""

    kind = "database"
    exit_code = 4


class NotFoundError(DatabaseError):
    """A data set, run or node that the graph does not hold."""


class DatasetLockedError(DatabaseError):
    """Another process is writing to this data set."""


class ServerError(DatabaseError):
    """The local Neo4j server cannot be installed, started or stopped."""


class ProviderError(SpikeGraphError):
    """A language-model or embedding provider failed."""

    kind = "provider"
    exit_code = 5


class LimitReachedError(SpikeGraphError):
    """A limit that the user set was reached: cost, tokens, nodes, memory."""

    kind = "limit"
    exit_code = 6
