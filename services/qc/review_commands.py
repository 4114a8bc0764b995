"""`aiqc show`, `rerun`, `override`, `confirm`, `compare` and `reliability`, for people."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from cyclopts import App, Parameter
from rich.console import Console

from libs.api.gateway import GatewayApi
from libs.api.review import ReviewApi
from libs.contracts.overrides import ReviewState
from libs.contracts.qc import Analysis
from libs.contracts.review import OverrideRequest, RerunRequest, RerunState
from libs.whole_file import write_whole
from services.qc import commands
from services.qc.domain.compare import got_worse
from services.qc.many import Checked
from services.qc.reporting import refuse_report_path, write_report
from services.qc.review_tables import show_comparison, show_reliability, show_reviewed

SignIn = Callable[[str], AbstractAsyncContextManager[GatewayApi]]
AsUser = Annotated[str, Parameter(help="Who acts, of the people of the dev login.")]
Words = Literal["passed", "failed", "unsure", "not_applicable", "found"]
WORSE = 1


class ReviewCommands:
    """Results go to `screen`, progress and remarks to `notes` where the result is for programs."""

    def __init__(self, sign_in: SignIn, screen: Console, notes: Console) -> None:
        self._sign_in = sign_in
        self._screen = screen
        self._notes = notes

    async def show(
        self,
        analysis: UUID,
        *,
        json: bool = False,
        report: Path | None = None,
        as_user: AsUser = "admin",
    ) -> int:
        """Show an analysis that was run before, with what reviewers said of it.

        Parameters
        ----------
        report
            Also write a report with the findings on the pictures: FILE.html, .pdf or .json.
        """
        if report:
            refuse_report_path(report)
        async with self._sign_in(as_user) as api:
            return await self._tell(api, await api.analysis(analysis), json, report)

    async def rerun(
        self,
        analysis: UUID,
        *,
        only: tuple[str, ...] = (),
        state: tuple[RerunState, ...] = ("failed", "error"),
        json: bool = False,
        report: Path | None = None,
        as_user: AsUser = "admin",
    ) -> int:
        """Run what failed or broke again, in a new analysis that carries the other results on.

        Exit code: 0 pass, 1 fail, 2 incomplete, 3 could not run.

        Parameters
        ----------
        only
            Run this check again, whatever its state; may be given several times.
        state
            Run the checks in this state again instead of those that failed or broke.
        report
            Also write a report with the findings on the pictures: FILE.html, .pdf or .json.
        """
        if report:
            refuse_report_path(report)
        wanted = RerunRequest(checks=list(only), states=list(state))
        async with self._sign_in(as_user) as api:
            queued = await ReviewApi(api.caller).rerun(analysis, wanted)
            self._notes.print(f"Running {', '.join(queued.checks)} again.", markup=False)
            with commands.progress_bar(self._notes if json else self._screen) as bar:
                task = bar.add_task("queued", total=None)
                await commands.follow_steps(api, queued.analysis_id, bar, task)
            ended = await commands.ended(api, queued.analysis_id)
            return await self._tell(api, ended, json, report)

    async def override(
        self,
        analysis: UUID,
        check: str,
        state: Words,
        *,
        reason: str = "",
        score: float | None = None,
        as_user: AsUser = "admin",
    ) -> int:
        """Say of a check what it is. What was found is kept; the verdict follows you.

        Parameters
        ----------
        state
            What it is; `found` takes back what was said before.
        reason
            Why. Only confirming the state that was found needs none; taking back needs one.
        score
            0 to 100; without it passed counts 100 and failed 0.
        """
        said: ReviewState | None = None if state == "found" else state
        wanted = OverrideRequest(state=said, reason=reason, score=score)
        async with self._sign_in(as_user) as api:
            counted = await ReviewApi(api.caller).override(analysis, check, wanted)
        show_reviewed(counted, self._screen)
        return 0

    async def confirm(
        self, analysis: UUID, *checks: str, reason: str = "", as_user: AsUser = "admin"
    ) -> int:
        """Say that results are right: of these checks, or of all that nobody reviewed yet.

        Confirm only what you looked at: reliability counts it.
        """
        async with self._sign_in(as_user) as api:
            counted = await ReviewApi(api.caller).confirm(analysis, checks, reason)
        last = [result.overrides[-1] for result in counted.checks if result.overrides]
        reviewed = sum(word.state is not None for word in last)
        print(f"{reviewed} of {len(counted.checks)} results are reviewed")
        return 0

    async def compare(
        self,
        before: UUID,
        after: UUID,
        *,
        json: bool = False,
        report: Path | None = None,
        as_user: AsUser = "admin",
    ) -> int:
        """Compare two analyses check by check. Exit code: 1 when something got worse, else 0.

        Parameters
        ----------
        report
            Also write an HTML page with the pictures side by side.
        """
        if report:
            refuse_report_path(report, (".html", ".htm"))
        async with self._sign_in(as_user) as api:
            review = ReviewApi(api.caller)
            found = await review.compare(before, after)
            if report:
                write_whole(report, await review.comparison_page(before, after))
        if json:
            print(found.model_dump_json(indent=2))
        else:
            show_comparison(found, self._screen)
        return WORSE if got_worse(found) else 0

    async def reliability(
        self,
        *,
        client: str = "",
        profile: str = "",
        check: str = "",
        since: date | None = None,
        json: bool = False,
        as_user: AsUser = "admin",
    ) -> int:
        """Show how far each check can be relied on: precision, recall, kappa against reviewers.

        Only results that a person confirmed or overrode count.

        Parameters
        ----------
        since
            Only what was reviewed on this day (UTC) or later.
        """
        start = datetime.combine(since, time(), UTC).isoformat() if since else ""
        async with self._sign_in(as_user) as api:
            found = await ReviewApi(api.caller).reliability(
                client=client, profile=profile, check=check, since=start
            )
        if json:
            print(found.model_dump_json(indent=2))
        else:
            show_reliability(found, self._screen)
        return 0

    async def _tell(
        self, api: GatewayApi, analysis: Analysis, json: bool, report: Path | None
    ) -> int:
        if report:
            await write_report(api, [Checked(Path(analysis.creative.file_name), analysis)], report)
            self._notes.print(f"Wrote {report}.", markup=False, highlight=False, soft_wrap=True)
        if json:
            print(analysis.model_dump_json(indent=2))
        else:
            show_reviewed(analysis, self._screen)
        return commands.exit_code(analysis)


def add_review_commands(app: App, sign_in: SignIn, screen: Console, notes: Console) -> None:
    """Give `app` the commands for finished analyses."""
    made = ReviewCommands(sign_in, screen, notes)
    for command in (
        made.show,
        made.rerun,
        made.override,
        made.confirm,
        made.compare,
        made.reliability,
    ):
        app.command(command)
