"""What the driver raises, in our words; and the gate for old servers."""

from __future__ import annotations

import pytest
from neo4j import exceptions

from cypher.connection import gate, without_credentials
from cypher.failures import translate, translated
from spikegraph.errors import DatabaseError


def said(code: str, message: str = "the server's words") -> exceptions.Neo4jError:
    return exceptions.Neo4jError._basic_hydrate(neo4j_code=code, message=message)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (said("Neo.ClientError.Security.Unauthorized"), "refused the user name or the password"),
        (said("Neo.ClientError.Security.AuthenticationRateLimit"), "refused the user name or the password"),
        (said("Neo.ClientError.Transaction.TransactionTimedOut"), "took longer than it may"),
        (said("Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration"), "took longer than it may"),
        (said("Neo.TransientError.Transaction.LockAcquisitionTimeout"), "another transaction holds"),
        (said("Neo.ClientError.Schema.ConstraintValidationFailed"), "must be unique"),
        (said("Neo.ClientError.Database.DatabaseNotFound"), "no such database"),
        (said("Neo.TransientError.General.MemoryPoolOutOfMemoryError"), "not enough memory"),
        (said("Neo.DatabaseError.General.UnknownError", "No space left on device"), "disk is full"),
        (said("Neo.ClientError.Statement.SyntaxError", "Invalid input"), "Invalid input"),
        (exceptions.ServiceUnavailable("refused"), "cannot be reached"),
        (exceptions.SessionExpired("gone"), "cannot be reached"),
        (exceptions.IncompleteCommit("gone"), "while the server committed"),
        (exceptions.ConfigurationError("scheme"), "address or its settings"),
    ],
)
def test_each_kind_says_what_happened(error: exceptions.Neo4jError, words: str) -> None:
    found = translate(error, "bolt://localhost:7687")
    assert type(found) is DatabaseError
    assert words in found.message
    assert found.where == "bolt://localhost:7687"


def test_only_the_drivers_errors_are_translated() -> None:
    with pytest.raises(KeyError), translated("here"):
        raise KeyError("ours")
    with pytest.raises(DatabaseError) as raised, translated("here"):
        raise exceptions.ServiceUnavailable("refused")
    assert isinstance(raised.value.__cause__, exceptions.ServiceUnavailable)


@pytest.mark.parametrize("version", ["5.26.0", "5.26.24", "5.27-aura", "2025.10.1", "2026.01.0"])
def test_new_servers_pass(version: str) -> None:
    assert gate(version, "community", "here").number >= (5, 26)


@pytest.mark.parametrize("version", ["3.5.35", "4.4.12", "5.25.1", "5.9.0", "unknown", ""])
def test_old_servers_do_not(version: str) -> None:
    with pytest.raises(DatabaseError, match=r"5\.26 or later") as raised:
        gate(version, "community", "bolt://old:7687")
    assert raised.value.hint
    assert raised.value.where == "bolt://old:7687"


def test_an_address_loses_the_password_that_somebody_put_into_it() -> None:
    assert without_credentials("bolt://neo4j:secret@localhost:7687") == "bolt://localhost:7687"
    assert without_credentials("neo4j+s://host/?a=b@c") == "neo4j+s://host/?a=b@c"
