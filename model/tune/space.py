"""A search space: which options are tried, between which values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)

from model.config import ModelConfig, TrainConfig
from model.tune.names import with_value
from spikegraph.errors import UsageError

Number = StrictInt | StrictFloat
Scalar = StrictBool | StrictInt | StrictFloat | StrictStr


class Interval(BaseModel):
    """All numbers from `low` to `high`, both included; whole numbers where the option is one."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    low: Number
    high: Number
    log: bool = False
    """Try each order of magnitude as often as any other."""
    step: Annotated[Number, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _can_be_drawn_from(self) -> Interval:
        if self.low > self.high:
            raise ValueError(f"low ({self.low}) is above high ({self.high})")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithmic interval starts above 0, not at {self.low}")
        if self.log and self.step is not None:
            raise ValueError("a logarithmic interval has no step")
        return self

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    @property
    def ends(self) -> tuple[Scalar, ...]:
        """Give the values that show whether all are allowed."""
        return (self.low, self.high)

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers are drawn."""
        return isinstance(self.low, int) and isinstance(self.high, int) and not isinstance(self.step, float)

    @property
    def size(self) -> float:
        """Give how many values there are; infinity where there is no end of them."""
        if self.low == self.high:
            return 1
        step = self.step if self.step is not None else (1 if self.is_whole else 0)
        return int((self.high - self.low) / step + 1e-9) + 1 if step else float("inf")


class Choices(BaseModel):
    """One of these values."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    choices: tuple[Scalar, ...] = Field(min_length=1)

    def __contains__(self, value: object) -> bool:
        return value in self.choices

    @property
    def ends(self) -> tuple[Scalar, ...]:
        """Give the values that show whether all are allowed."""
        return self.choices

    @property
    def size(self) -> float:
        """Give how many values there are."""
        return len(self.choices)


Parameter = Interval | Choices
Space = Mapping[str, Parameter]
"""Per option, named `model.NAME` or `train.NAME`, what it is tried with."""


def size_of(space: Space) -> float:
    """Give how many configurations a space has; infinity where there is no end of them."""
    size = 1.0
    for parameter in space.values():
        size *= parameter.size
    return size


def parse_parameter(key: str, value: Any, where: str) -> Parameter:
    """Read `{low, high, log, step}` or `{choices}`.

    Raises:
        UsageError: it is neither.
    """
    kind = Choices if isinstance(value, Mapping) and "choices" in value else Interval
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        part = str(first["loc"][0]) if first["loc"] else ""
        reason = {"extra_forbidden": "is not a key we know", "missing": "is missing"}.get(first["type"], first["msg"])
        raise UsageError(
            f"{key}: {part} {reason}".replace("  ", " "), where=where, hint="low, high, log, step; or choices"
        ) from error


def check_space(space: Space, config: ModelConfig, training: TrainConfig, where: str) -> Space:
    """Hold a space to the configurations that its values go into.

    Args:
        space: what is to be tried.
        config: of the model, as the preset gives it.
        training: as the preset gives it.
        where: the file or the name of the space, for errors.

    Returns:
        the space, its numbers whole where the options are.

    Raises:
        UsageError: an option that does not exist, or a value that is not allowed.
    """
    sections: dict[str, BaseModel] = {"model": config, "train": training}
    return {key: _checked(key, parameter, sections, where) for key, parameter in space.items()}


def _checked(key: str, parameter: Parameter, sections: Mapping[str, BaseModel], where: str) -> Parameter:
    section, _, path = key.partition(".")
    name, _, inner = path.partition(".")
    config = sections.get(section)
    kind = None if config is None else _kind_of(config, name, inner)
    if config is None or kind is None:
        known = (f"{part}.{field}" for part, of in sections.items() for field in type(of).model_fields)
        raise UsageError(f"'{key}' is not an option", where=where, hint=f"options: {', '.join(sorted(known))}")
    if isinstance(parameter, Interval):
        parameter = _as_the_option(key, parameter, kind, where)
    for value in parameter.ends:
        reason = _refusal(config, path, value)
        if reason:
            raise UsageError(f"{key}: {value!r} is not allowed: {reason}", where=where)
    return parameter


def _kind_of(config: BaseModel, name: str, inner: str) -> Any:
    """Give the annotation of an option, or of what a table of options holds by any name; None where there is none."""
    field = type(config).model_fields.get(name)
    if field is None or not inner:
        return field and field.annotation
    return get_args(field.annotation)[1] if get_origin(field.annotation) is dict and "." not in inner else None


def _as_the_option(key: str, interval: Interval, annotation: Any, where: str) -> Interval:
    """Make an interval's numbers whole, or not, as the option is."""
    kinds = get_args(annotation) or (annotation,)
    if float in kinds:
        step = None if interval.step is None else float(interval.step)
        return interval.model_copy(update={"low": float(interval.low), "high": float(interval.high), "step": step})
    if int not in kinds:
        raise UsageError(f"{key} is no number, it has no interval", where=where, hint="choices = […]")
    if not interval.is_whole:
        raise UsageError(f"{key} is a whole number, its interval is not", where=where)
    return interval


def _refusal(config: BaseModel, path: str, value: Scalar) -> str | None:
    """Tell why an option cannot have a value; what it must share with other options shows when it is tried."""
    try:
        type(config).model_validate(with_value(config.model_dump(), path, value))
    except ValidationError as error:
        own = (found["msg"] for found in error.errors() if found["loc"][:1] == (path.partition(".")[0],))
        return next(own, None)
    return None
