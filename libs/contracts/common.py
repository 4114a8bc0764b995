"""Shapes shared by every contract."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

ClientId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
"""A brand client's id, as a person may choose it. Old logs may hold any text: see `Label`."""

Label = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]
"""A name or id that somebody else chose; NUL is the one character that Postgres cannot keep."""

Usd = Annotated[
    Decimal,
    Field(ge=0, lt=1_000_000, allow_inf_nan=False, max_digits=24, decimal_places=18),
    PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,6}(\.\d{1,18})?$"}),
]
"""US dollars, exact. A decimal string between services, never a float."""


Amount = Annotated[
    Decimal,
    Field(gt=-1_000_000, lt=1_000_000, allow_inf_nan=False),
    PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,6}(\.\d+)?$"}),
]
"""US dollars, exact, that a correction may make negative."""

Total = Annotated[
    Decimal,
    Field(allow_inf_nan=False),
    PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}),
]
"""A sum of US dollars, exact. What one call may cost is bounded, what many cost is not."""


def in_utc(at: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError where that is outside the years 1 to 9999."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("the instant is outside the years 1 to 9999, in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]
"""An instant with its zone; a database takes every one of them."""

Several = BeforeValidator(lambda v: v.split(",") if isinstance(v, str) else v)
"""For a tuple in a query: given several times, or once with commas between the words."""


class Request(BaseModel):
    """A body we accept: an unknown field is a mistake of the caller, so it is refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )


class Reply(BaseModel):
    """A body we return: readers skip unknown fields, so services deploy in any order."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class ProblemDocument(Reply):
    """RFC 9457. `code` is for programs and never changes, `detail` is for people.

    Some problems have further members, which are kept as they come.
    """

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    request_id: str | None = None


class Health(Reply):
    """`ok`, or what is wrong with what this service stands on."""

    service: str
    status: str
    problems: list[str] = []
