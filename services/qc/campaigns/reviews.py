"""Cells whose results reviewers have spoken about: the last word counts here too."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from libs.contracts.qc import CheckResult, Verdict
from libs.postgres import Connection
from services.qc import repository
from services.qc.campaigns.rows import CampaignRow
from services.qc.domain.review import reviewed_result
from services.qc.domain.scoring import judge
from services.qc.review import said


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What an analysis of a campaign comes to with its reviewers' words; `found`: without them."""

    campaign_id: UUID
    found: Verdict
    verdict: Verdict
    score: float | None
    coverage: float | None
    failed_checks: list[str]
    broken_checks: list[str]


async def reviewed(db: Connection, rows: Sequence[CampaignRow]) -> dict[UUID, Reviewed]:
    """By analysis, those that have ended with a verdict and were spoken about."""
    found = await db.fetch(
        """
        SELECT c.campaign_id, c.client_id, c.analysis_id
          FROM campaign_cell c
         WHERE c.client_id = ANY ($1) AND c.campaign_id = ANY ($2) AND c.state = 'done'
           AND EXISTS (SELECT FROM check_override o
                        WHERE o.client_id = c.client_id AND o.analysis_id = c.analysis_id)
        """,
        list({row.client_id for row in rows}),
        [row.campaign_id for row in rows],
    )
    spoken: dict[UUID, Reviewed] = {}
    for one in found:
        if told := await _reviewed(db, one["campaign_id"], one["client_id"], one["analysis_id"]):
            spoken[one["analysis_id"]] = told
    return spoken


async def _reviewed(
    db: Connection, campaign_id: UUID, client_id: str, analysis_id: UUID
) -> Reviewed | None:
    analysis = await repository.analysis(db, analysis_id)
    if analysis is None or analysis.verdict is None:
        return None
    words = await said.of_analysis(db, client_id, analysis_id)
    results = await repository.results(db, client_id, analysis_id)
    counted = [reviewed_result(one, words.get(one.check_id, ())) for one in results]
    now = judge(counted, analysis.profile.pass_threshold)
    return Reviewed(
        campaign_id,
        found=analysis.verdict,
        verdict=now.verdict,
        score=now.score,
        coverage=now.coverage,
        failed_checks=_in_state(counted, "failed"),
        broken_checks=_in_state(counted, "error"),
    )


def _in_state(results: Sequence[CheckResult], state: str) -> list[str]:
    return sorted(result.check_id for result in results if result.state == state)
