"""All judged checks of one analysis: in groups, some ahead of the others, the rest at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from pydantic import JsonValue

from libs.contracts.profiles import Check
from libs.contracts.qc import CheckResult
from services.qc.asking.group import Asking
from services.qc.asking.judge import Judge
from services.qc.asking.telling import Telling
from services.qc.domain.grouping import Group, primes
from services.qc.gallery import Gallery
from services.qc.repository import AnalysisRow

CHARS_OF_TOKEN = 4
TOKENS_OF_PICTURE = 1_000
"""Near enough to tell a short prefix from a long one."""


async def ask_all(
    judge: Judge,
    row: AnalysisRow,
    checks: Mapping[str, Check],
    gallery: Gallery,
    measured: Mapping[str, Mapping[str, JsonValue]],
    heard: Callable[[Sequence[CheckResult]], Awaitable[None]],
) -> None:
    """Ask `checks`, and hand over each group's results as they come; the judge bounds the calls.

    The results of an answer are stored already. Raises LeaseLost in a group of exceptions.
    """
    telling = Telling(judge, row, list(checks), gallery, measured)

    async def one(group: Group) -> None:
        await heard(await Asking(judge, row, group, telling.of).until_answered())

    groups = judge.groups(checks)
    prefix_tokens = telling.shared_chars // CHARS_OF_TOKEN + TOKENS_OF_PICTURE * gallery.page_count
    for turn in primes(groups, prefix_tokens):
        async with asyncio.TaskGroup() as running:
            for group in turn:
                running.create_task(one(group))
