"""`aiqc check` and `aiqc checks` as a person runs them; `services/cli.py` composes them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import UUID

from cyclopts import App, Parameter, validators
from rich.console import Console

from libs.api.gateway import GatewayApi
from services.qc import commands
from services.qc.catalogue_command import chosen, show_all, show_one
from services.qc.commands import Given, Question
from services.qc.creatives import find_creatives, skipped_in_words
from services.qc.many import Checked, check_all, show_remarks, show_table
from services.qc.money_commands import add_money_commands
from services.qc.repeats import tell_repeats
from services.qc.reporting import refuse_report_path, write_report

AsUser = Annotated[str, Parameter(help="Who acts, of the people of the dev login.")]
FLAGS = Parameter(name="*", negative=())
SignIn = Callable[[str], AbstractAsyncContextManager[GatewayApi]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Flags of `aiqc check` that say what is run and how it is told.

    Parameters
    ----------
    only
        Only this check of the profile; may be given several times.
    json
        The analysis as JSON; of several files or a folder one line for each, with its `file`.
    reuse
        Take the earlier result of the same file, profile version and brand material, if any.
    report
        Also write a report with the findings on the pictures: FILE.html, .pdf or .json.
    fresh
        Measure and ask everything again, whatever is kept of this file.
    repeat
        Run it so many times afresh, and show how far each check agrees with itself.
    """

    only: tuple[str, ...] = ()
    json: bool = False
    reuse: bool = False
    report: Path | None = None
    fresh: bool = False
    repeat: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=20))] = 1

    @property
    def is_fresh(self) -> bool:
        """A repeat that took what is kept would agree with itself always."""
        return self.fresh or self.repeat > 1

    @property
    def check_ids(self) -> tuple[str, ...]:
        """Each may be several, with commas between them."""
        return tuple(word for names in self.only for word in names.split(",") if word)


class CheckCommands:
    """Results go to `screen`, progress and remarks to `notes` where the result is for programs."""

    def __init__(self, sign_in: SignIn, screen: Console, notes: Console) -> None:
        self._sign_in = sign_in
        self._screen = screen
        self._notes = notes

    async def check(
        self,
        files: list[Path],
        /,
        *,
        client: str,
        profile: str,
        wanted: Annotated[Wanted, FLAGS] = Wanted(),
        given: Annotated[Given, FLAGS] = Given(),  # noqa: B008
        as_user: AsUser = "admin",
    ) -> int:
        """Check creatives: files, and folders with all below them.

        Exit code, the worst of all files: 0 pass, 1 fail, 2 incomplete, 3 could not run.

        Parameters
        ----------
        files
            Creatives, and folders that are searched for them.
        client
            The brand client that they are for.
        profile
            What they are checked for.
        """
        if wanted.report:
            refuse_report_path(wanted.report)
        found = find_creatives(files)
        self._note(skipped_in_words(found.skipped))
        question = Question(client, profile, wanted.check_ids, given, wanted.is_fresh, wanted.reuse)
        alone = files == found.files and len(files) == 1
        async with self._sign_in(as_user) as api:
            checked = await self._run(api, found.files, question, wanted, alone)
            if wanted.report:
                await write_report(api, checked, wanted.report)
                self._note(f"Wrote {wanted.report}.")
        return max(one.exit_code for one in checked)

    async def _run(
        self,
        api: GatewayApi,
        files: Sequence[Path],
        question: Question,
        wanted: Wanted,
        alone: bool,
    ) -> list[Checked]:
        if wanted.repeat > 1:
            return await self._repeat(api, files, question, wanted)
        run = self._check_one if alone else self._check_many
        return await run(api, files, question, wanted.json)

    async def _check_one(
        self, api: GatewayApi, files: Sequence[Path], question: Question, json: bool
    ) -> list[Checked]:
        console = self._notes if json else self._screen
        analysis = await commands.check(api, files[0], question, console)
        if json:
            print(analysis.model_dump_json(indent=2))
        else:
            commands.show(analysis, console)
        return [Checked(files[0], analysis)]

    async def _repeat(
        self, api: GatewayApi, files: Sequence[Path], question: Question, wanted: Wanted
    ) -> list[Checked]:
        """Every file several times; a file that could not be run each time is not compared."""
        console = self._notes if wanted.json else self._screen
        runs = [file for file in files for _ in range(wanted.repeat)]
        async with aclosing(check_all(api, runs, question, console)) as all_checked:
            ended = [checked async for checked in all_checked]
        tell_repeats(ended, wanted.repeat, self._screen, json=wanted.json)
        return ended

    async def _check_many(
        self, api: GatewayApi, files: Sequence[Path], question: Question, json: bool
    ) -> list[Checked]:
        ended = []
        console = self._notes if json else self._screen
        async with aclosing(check_all(api, files, question, console)) as all_checked:
            async for checked in all_checked:
                ended.append(checked)
                if json:
                    print(checked.as_json(), flush=True)
                else:
                    show_remarks(checked, self._screen)
        if not json:
            show_table(ended, self._screen)
        return ended

    def _note(self, sentence: str) -> None:
        if sentence:
            self._notes.print(sentence, markup=False, highlight=False, soft_wrap=True)

    async def cancel(self, analysis_id: UUID, /, *, as_user: AsUser = "admin") -> int:
        """End an analysis that waits or runs. Its calls under way are cut off, and may cost."""
        async with self._sign_in(as_user) as api:
            commands.show(await api.cancel(analysis_id), self._screen)
        return 0

    def checks(self, name: str | None = None, /, *, json: bool = False) -> int:
        """Show what a profile can check, or one check with its parameters and an example."""
        from services.qc.checks import catalogue  # all other commands start without it

        found = chosen(catalogue(), name)
        if json:
            print(found.model_dump_json(indent=2))
        elif name is None:
            show_all(found, self._screen)
        else:
            for entry in found.checks:
                show_one(entry, self._screen)
        return 0


def add_check_commands(app: App, sign_in: SignIn, screen: Console, notes: Console) -> None:
    """Give `app` the commands of checking."""
    made = CheckCommands(sign_in, screen, notes)
    app.command(made.check)
    app.command(made.checks)
    app.command(made.cancel)
    add_money_commands(app, sign_in, screen)
