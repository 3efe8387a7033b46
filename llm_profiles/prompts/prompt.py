"""Prompts: versioned YAML files whose texts are jinja2 templates.

A released version never changes: `released.json` holds its SHA-256, and a test compares. LangChain's own templates
are not used: they break on JSON braces, or render what is missing as nothing (llm.md §2.9).
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, ValidationError

from spikegraph.errors import UsageError

NAMES = ("item", "entity", "user", "agent", "repair", "planner")
"""The prompts there are."""

OWN = "own"
"""The version of a prompt from a user's folder."""

SHIPPED = Path(__file__).parent

Part = Literal["system", "user", "again"]

_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
)
_GAP = re.compile(r"\n{3,}")


class _Texts(BaseModel):
    """What a prompt file holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: str
    user: str
    again: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """The words of one task.

    Attributes:
        name: one of `NAMES`.
        version: number of a shipped version, or `own`.
        sha: SHA-256 of its texts.
        where: its file, for messages.
        system: template of the system message; the same for all nodes of a kind.
        user: template of the user message.
        again: template of what is said after an answer that cannot be used.
    """

    name: str
    version: str
    sha: str
    where: str
    system: str
    user: str
    again: str

    @property
    def id(self) -> str:
        """The name and the version: `item/1`."""
        return f"{self.name}/{self.version}"

    @property
    def label(self) -> str:
        """The id and the start of the SHA-256: `item/1@0a1b2c3d`."""
        return f"{self.id}@{self.sha[:8]}"

    def render(self, part: Part, **variables: Any) -> str:
        """Fill a template; what a variable holds is text, whatever stands in it.

        Raises:
            UsageError: the template names a variable that is not there, or cannot be rendered.
        """
        try:
            rendered = _template(getattr(self, part)).render(variables)
        except (TemplateError, TypeError, ArithmeticError) as error:
            there = ", ".join(sorted(variables))
            raise UsageError(f"{part}: {error}", where=self.where, hint=f"variables: {there}") from error
        return _GAP.sub("\n\n", rendered).strip()

    def variables(self, part: Part) -> set[str]:
        """Give the variables that a template names."""
        return meta.find_undeclared_variables(_ENVIRONMENT.parse(getattr(self, part)))


def load_prompt(name: str, folder: Path | None = None) -> Prompt:
    """Read a prompt: `NAME.yaml` of the folder where it is there, else the highest version shipped.

    Raises:
        UsageError: there is no such folder or name, or the file is no prompt.
    """
    if name not in NAMES:
        raise UsageError(f"there is no prompt '{name}'", hint=f"one of: {', '.join(NAMES)}")
    own = _own_files(folder).get(name) if folder else None
    shipped = _shipped(name)
    return _prompt(name, OWN, str(own), _read(own, str(own)), again=shipped.again) if own else shipped


def released(name: str) -> list[Prompt]:
    """Give all versions of a prompt that are shipped, the oldest first."""
    files = sorted((SHIPPED / name).glob("*.yaml"), key=lambda file: int(file.stem))
    where = [f"{name}/{file.name}" for file in files]
    return [_prompt(name, file.stem, place, _read(file, place)) for file, place in zip(files, where, strict=True)]


def _shipped(name: str) -> Prompt:
    versions = released(name)
    if not versions:
        raise UsageError(f"no version of the prompt '{name}' is shipped", where=name)
    return versions[-1]


def _own_files(folder: Path) -> dict[str, Path]:
    """Give the prompts of a user's folder; a name that nobody asks for is a slip of the pen."""
    if not folder.is_dir():
        raise UsageError("is no folder", where=str(folder), hint="--set llm.prompts=FOLDER names a folder of prompts")
    files = {file.stem: file for file in sorted(folder.glob("*.yaml")) if file.stem != "domains"}
    unknown = next((file for stem, file in files.items() if stem not in NAMES), None)
    if unknown:
        hint = f"name it {', '.join(f'{known}.yaml' for known in NAMES)} or domains.yaml"
        raise UsageError("is the name of no prompt", where=str(unknown), hint=hint)
    return files


def _read(file: Path, where: str) -> _Texts:
    try:
        texts = _Texts.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
        for template in texts.model_dump().values():
            _ENVIRONMENT.parse(template)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the file"
        hint = "a prompt has system and user, and may have again; each is a text"
        raise UsageError(f"{key}: {first['msg']}", where=where, hint=hint) from error
    except TemplateSyntaxError as error:
        hint = "the texts are jinja2 templates"
        message = f"cannot be read: {error.message} (line {error.lineno} of its text)"
        raise UsageError(message, where=where, hint=hint) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"cannot be read: {error}", where=where) from error
    return texts


def _prompt(name: str, version: str, where: str, texts: _Texts, *, again: str = "") -> Prompt:
    """Make a prompt of its texts; one that does not say how to ask again takes the words for that."""
    complete = {**texts.model_dump(), "again": texts.again or again}
    sha = hashlib.sha256(json.dumps(complete, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    return Prompt(name=name, version=version, sha=sha, where=where, **complete)


@lru_cache(maxsize=64)
def _template(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)
