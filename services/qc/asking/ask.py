"""All judged checks of one analysis: in groups, some ahead of the others, the rest at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from pydantic import JsonValue

from libs.contracts.profiles import Check
from libs.contracts.qc import CheckResult
from services.qc.asking.group import Asking, Told
from services.qc.asking.judge import Judge
from services.qc.domain.answer_schema import answers_schema
from services.qc.domain.grouping import Group, primes
from services.qc.domain.prompt import SYSTEM, question_text
from services.qc.providers.base import Picture
from services.qc.repository import AnalysisRow

CHARS_OF_TOKEN = 4
TOKENS_OF_PICTURE = 1_000
"""Near enough to tell a short prefix from a long one."""


async def ask_all(
    judge: Judge,
    row: AnalysisRow,
    checks: Mapping[str, Check],
    pictures: tuple[Picture, ...],
    measured: Mapping[str, Mapping[str, JsonValue]],
    heard: Callable[[Sequence[CheckResult]], Awaitable[None]],
) -> None:
    """Ask `checks`, and hand over each group's results as they come; the judge bounds the calls.

    The results of an answer are stored already. Raises LeaseLost in a group of exceptions.
    """
    schema = answers_schema(list(checks))

    def told(group: Group) -> Told:
        text = question_text(
            group.checks, client_id=row.client_id, creative=row.creative, measurements=measured
        )
        return Told(SYSTEM, pictures, text, schema)

    async def one(group: Group) -> None:
        await heard(await Asking(judge, row, group, told).until_answered())

    groups = judge.groups(checks)
    shared = question_text(
        {}, client_id=row.client_id, creative=row.creative, measurements=measured
    )
    prefix_tokens = len(SYSTEM + shared) // CHARS_OF_TOKEN + TOKENS_OF_PICTURE * len(pictures)
    for turn in primes(groups, prefix_tokens):
        async with asyncio.TaskGroup() as running:
            for group in turn:
                running.create_task(one(group))
