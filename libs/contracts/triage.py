"""Contract of the qc service: how far a cheap model can be trusted, counted from its answers."""

from libs.contracts.common import ClientId, Reply, Request


class TriageQuery(Request):
    client: ClientId


class TriageCounts(Reply):
    """Of one cheap model and one check of late.

    Of its `answers` some were `doubted`, and the strong model answered `asked_again` of them; of
    those that were enough it answered `audited` too. `agreed` and `disagreed` compare verdicts,
    of audits alone: what was doubted was doubted for a reason.
    """

    model: str
    check_id: str
    answers: int
    doubted: int
    asked_again: int
    audited: int
    agreed: int
    disagreed: int


class TriageReport(Reply):
    """Answer of `GET /v1/triage`: the checks that were answered most first."""

    counts: list[TriageCounts]
