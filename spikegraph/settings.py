"""Settings: defaults < file < environment < flags. An unknown key is an error, never ignored."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from spikegraph.errors import UsageError
from spikegraph.files import read_toml


def _default_home() -> Path:
    return user_data_path("spikegraph")


class Section(BaseModel):
    """A part of the configuration; a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Neo4jSettings(Section):
    """Where the graph lives. Without `uri` it is the local server of `server.home`."""

    uri: str | None = None
    username: str = "neo4j"
    password: SecretStr | None = None
    password_file: Path | None = None
    database: str = "neo4j"
    query_seconds: float = Field(default=10.0, gt=0)
    batch_seconds: float = Field(default=60.0, gt=0)
    long_seconds: float = Field(default=3600.0, gt=0)


class ServerSettings(Section):
    """The local server: its home, the shared jar cache, the ports it would like, its memory."""

    home: Path = Field(default_factory=lambda: _default_home() / "neo4j")
    cache: Path = Field(default_factory=lambda: user_cache_path("spikegraph"))
    bolt_port: int = Field(default=7687, ge=1, le=65535)
    http_port: int = Field(default=7474, ge=1, le=65535)
    heap: str = "1g"
    pagecache: str = "512m"


class IngestSettings(Section):
    """How data sets are written: rows of one transaction, and the seed of the splits."""

    batch_rows: int = Field(default=20_000, ge=1, le=100_000)
    seed: int = 0


class LlmSettings(Section):
    """How language models are asked. Which one is never a setting: it is named in the command.

    Without `base_url` the key is the provider's own variable (`OPENAI_API_KEY`). A server at `base_url` is only
    ever given `api_key` or what `api_key_file` holds.
    """

    base_url: str | None = None
    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    reasoning_effort: str | None = None
    max_output_tokens: int = Field(default=400, ge=16, le=8192)
    answers: Literal["json", "text"] = "json"
    concurrency: int = Field(default=8, ge=1, le=512)
    timeout_seconds: float = Field(default=120.0, gt=0)
    attempts: int = Field(default=6, ge=1, le=20)
    prices: Path | None = None
    prompts: Path | None = None
    tracing: bool = False

    @field_validator("temperature", "top_p", mode="before")
    @classmethod
    def _none_is_none(cls, value: Any) -> Any:
        """Let a model that takes no temperature have none: TOML and flags have no word for it."""
        return None if value == "none" else value


class Settings(Section):
    """Everything that can be set. `model` and `train` are checked by the model that is trained."""

    neo4j: Neo4jSettings = Neo4jSettings()
    server: ServerSettings = Field(default_factory=ServerSettings)
    ingest: IngestSettings = IngestSettings()
    llm: LlmSettings = LlmSettings()
    home: Path = Field(default_factory=_default_home)
    model: dict[str, Any] = Field(default_factory=dict)
    train: dict[str, Any] = Field(default_factory=dict)

    @property
    def profiles_home(self) -> Path:
        """Folder of the profile sets and their text vectors."""
        return self.home / "profiles"

    @property
    def work_home(self) -> Path:
        """Folder in which pipelines keep snapshots and runs, one folder a pipeline."""
        return self.home / "work"

    @model_validator(mode="before")
    @classmethod
    def _server_lives_in_home(cls, values: Any) -> Any:
        """Let one `home` move everything, unless the server's own home is named."""
        if not isinstance(values, dict) or not isinstance(values.get("server", {}), dict):
            return values
        home = Path(values.get("home", _default_home())).expanduser()
        return values | {"home": home, "server": {"home": home / "neo4j"} | values.get("server", {})}


ECOSYSTEM_VARIABLES = {
    "NEO4J_URI": "neo4j.uri",
    "NEO4J_USERNAME": "neo4j.username",
    "NEO4J_PASSWORD": "neo4j.password",
    "NEO4J_PASSWORD_FILE": "neo4j.password_file",
    "NEO4J_DATABASE": "neo4j.database",
}
"""Variables that other tools of the ecosystem read too, and the settings they stand for."""

PREFIX = "SPIKEGRAPH_"
NOT_SETTINGS = ("SPIKEGRAPH_DATA", "SPIKEGRAPH_TEST_")
"""How variables of our prefix begin that only the tests and benchmarks read."""


def load_settings(
    file: Path | None = None,
    assignments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Read the settings from a TOML file, the environment and `key=value` flags.

    Args:
        file: a TOML file whose tables are the sections.
        assignments: `section.key=value` strings, the last word.
        environment: stands in for `os.environ` (`SPIKEGRAPH_SERVER__HEAP=2g`, `NEO4J_URI=…`).

    Raises:
        UsageError: the file cannot be read, or a key or value is not one we know.
    """
    values: dict[str, Any] = read_toml(file) if file else {}
    for key, value in _from_environment(os.environ if environment is None else environment):
        _assign(values, key, value, where=f"the environment variable of {key}")
    for assignment in assignments:
        key, separator, value = assignment.partition("=")
        if not separator:
            raise UsageError(f"'{assignment}' is not key=value", hint="--set server.heap=2g")
        _assign(values, key.strip(), _parse(value), where=f"--set {key}")
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise configuration_error(error, "settings") from error


def configuration_error(error: ValidationError, what: str) -> UsageError:
    """Turn pydantic's report into one message that names the key and what it may be."""
    # A misspelt key is reported twice, as unknown and as missing: the unknown one is what was typed.
    first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
    key = ".".join(str(part) for part in first["loc"])
    reason = "is not a key we know" if first["type"] == "extra_forbidden" else first["msg"]
    return UsageError(f"{what}: '{key}' {reason}", where=key, hint="see docs/configuration.md for every key")


def _from_environment(environment: Mapping[str, str]) -> list[tuple[str, Any]]:
    shared = ECOSYSTEM_VARIABLES.items()
    found: list[tuple[str, Any]] = [(setting, environment[name]) for name, setting in shared if environment.get(name)]
    ours = sorted(name for name in environment if name.startswith(PREFIX) and not name.startswith(NOT_SETTINGS))
    return found + [(name.removeprefix(PREFIX).lower().replace("__", "."), _parse(environment[name])) for name in ours]


def _assign(values: dict[str, Any], key: str, value: Any, *, where: str) -> None:
    *sections, last = key.split(".")
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise UsageError(f"'{section}' is a value, not a section", where=where)
    values[last] = value


def _parse(value: str) -> Any:
    """Read a flag's value as TOML would (numbers, booleans, lists), or as plain text."""
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return value
