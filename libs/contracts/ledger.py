"""Contract of the ledger's upkeep: proofs, corrections, people who are forgotten."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from libs.contracts.common import Label, Reply, Request, Several, Total


class ChainHead(Reply):
    """The last block of one client's month. Two heads that differ tell two histories."""

    client_id: str
    month: date
    blocks: int
    sha256: str


class ChainFault(Reply):
    """A block whose entries are not as they were written, or that does not follow."""

    client_id: str
    month: date
    block_no: int | None
    fault: str


class RollupFault(Reply):
    """A day whose roll-up is not the sum of its entries."""

    rollup: str
    client_id: str
    day: date


class LedgerQuery(Request):
    """Which chains to prove: of these clients (none: of all), of the month of a day."""

    client: Annotated[tuple[Label, ...], Field(max_length=100), Several] = ()
    month: str | None = Field(default=None, pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])$")
    rollups: bool = False


class LedgerProof(Reply):
    """What was found wrong, and the heads to keep elsewhere. `entries` were read.

    Archived months are not among them: `behind` and `archived_months` say what was left out.
    """

    entries: int
    heads: list[ChainHead]
    chain_faults: list[ChainFault]
    rollup_faults: list[RollupFault]
    behind: int
    archived_months: list[date] = []


class RerateRequest(Request):
    """Price the calls of some days again by the prices of today's rate card.

    `apply` posts a correction for each call whose cost differs; without it nothing is
    written. `reason` stands with the corrections for ever.
    """

    first_on: date
    last_on: date | None = None
    client: tuple[Label, ...] = Field(default=(), max_length=100)
    provider: Label | None = None
    model: Label | None = None
    reason: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")
    apply: bool = False


class RerateDelta(Reply):
    """What one client's day changes by. `settled` calls had no price before."""

    client_id: str
    day: date
    calls: int
    settled: int
    before_usd: Total
    after_usd: Total
    delta_usd: Total


class Rerated(Reply):
    """`rerate_id` is null when nothing was posted. Of the calls that were `looked_at`, `calls`
    change and `unpriced` have no price still.
    """

    rerate_id: UUID | None
    deltas: list[RerateDelta]
    calls: int
    delta_usd: Total
    looked_at: int = 0
    unpriced: int = 0


class ErasePerson(Request):
    """Body of `POST /v1/people:erase`: a user id or an e-mail address."""

    user: Label


class ErasedPeople(Reply):
    """What reports call these people from now on."""

    pseudonyms: list[str]
    erased_at: datetime


class ArchiveRequest(Request):
    """Body of `POST /v1/ledger/archives`: months that ended more than this many days ago."""

    older_than_days: int = Field(ge=32, le=36_500)


class RestoreRequest(Request):
    """Body of `POST /v1/ledger/archives/restore`: the month of an archive."""

    month: str = Field(pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])$")


class MonthMoved(Reply):
    """A month that left the database, or came back."""

    month: date
    entries: int
    cost_usd: Total


class Archived(Reply):
    months: list[MonthMoved]
