"""The result of an earlier analysis of the same file, for whoever asks for it."""

from collections.abc import Sequence
from uuid import UUID

from libs.contracts.profiles import Profile
from libs.postgres import Connection
from services.qc.briefing import StoredBrief

NO_PART_OF_THE_QUESTION = {"fresh", "can_wait", "rerun_of", "replay", "replay_of"}


async def find_earlier(
    db: Connection,
    client_id: str,
    file: tuple[str, str],
    profile: Profile,
    only_checks: Sequence[str],
    brief: StoredBrief,
) -> UUID | None:
    """The newest finished analysis of the file (its hash and its name) that was asked the same.

    Same profile version, same checks of it, same references, plan, brand data and wishes. One
    with a check that could not be run, or was skipped, is no result to be content with.
    """
    sha256, name = file
    found: UUID | None = await db.fetchval(
        """
        SELECT analysis_id FROM analysis
         WHERE client_id = $1 AND creative ->> 'sha256' = $2 AND creative ->> 'file_name' = $3
           AND state = 'done' AND profile_id = $4 AND profile_version = $5
           AND profile ->> 'content_hash' = $6 AND only_checks = $7
           AND brief -> 'given' ->> 'replay' IS NULL
           AND brief #- '{given,fresh}' #- '{given,can_wait}' #- '{given,rerun_of}'
                     #- '{given,replay}' #- '{given,replay_of}' = $8
           AND NOT EXISTS (SELECT FROM check_result
                            WHERE check_result.client_id = analysis.client_id
                              AND check_result.analysis_id = analysis.analysis_id
                              AND result ->> 'state' IN ('error', 'skipped'))
         ORDER BY analysis_id DESC
         LIMIT 1
        """,
        client_id,
        sha256,
        name,
        profile.profile_id,
        profile.version,
        profile.content_hash,
        list(only_checks),
        brief.model_dump(mode="json", exclude={"given": NO_PART_OF_THE_QUESTION}),
    )
    return found
