"""`aiqc report` and `aiqc usage` as a person runs them."""

import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from libs.api.usage import UsageApi
from services.usage import commands, summary
from services.usage.commands import ReportOptions
from services.usage.terminal import screen

if TYPE_CHECKING:
    from services.usage.mailing import Postbox

Connect = Callable[[], AbstractAsyncContextManager[UsageApi]]
FLAGS = Parameter(name="*", negative=())


class ReportCommands:
    """`postbox` is asked only when a report is to be mailed: nothing else needs a mail server."""

    def __init__(self, connect: Connect, postbox: Callable[[], "Postbox"]) -> None:
        self._connect = connect
        self._postbox = postbox

    async def report(
        self,
        options: Annotated[ReportOptions, FLAGS] = ReportOptions(),  # noqa: B008
    ) -> int:
        """Report usage and cost. Days are whole UTC days, both ends included."""
        commands.refuse(options, sys.stdout.isatty())
        postbox = self._postbox() if options.email else None
        async with self._connect() as api:
            if postbox:
                from services.usage import mailing  # only a mail needs what writes one

                print(await mailing.mail_report(api, options, postbox, datetime.now(UTC)), end="")
                return 0
            content = await commands.report(api, options)
            missing = await commands.left_out(api, options)
        if missing:
            print(f"aiqc: {missing}", file=sys.stderr)
        sys.stdout.buffer.write(content)
        return 0

    async def usage(self) -> int:
        """Show what was used today, this month and in all, by service, model and check."""
        async with self._connect() as api:
            found = await summary.summaries(api, datetime.now(UTC).date())
        summary.show(found, screen())
        return 0


def add_report_commands(app: App, connect: Connect, postbox: Callable[[], "Postbox"]) -> None:
    """Give `app` the commands of the report; one keeps the name of the old tool too."""
    made = ReportCommands(connect, postbox)
    app.command(made.report, name=["report", "generate-usage-report"])
    app.command(made.usage)
