"""`aiqc check` and `aiqc checks` as a person runs them; `services/cli.py` composes them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from libs.api.gateway import GatewayApi
from services.qc import commands
from services.qc.catalogue_command import chosen, show_all, show_one
from services.qc.checks import catalogue

AsUser = Annotated[str, Parameter(help="Who acts, of the people of the dev login.")]
SignIn = Callable[[str], AbstractAsyncContextManager[GatewayApi]]


class CheckCommands:
    """Results go to `screen`, progress and remarks to `notes` where the result is for programs."""

    def __init__(self, sign_in: SignIn, screen: Console, notes: Console) -> None:
        self._sign_in = sign_in
        self._screen = screen
        self._notes = notes

    async def check(
        self,
        file: Path,
        *,
        client: str,
        profile: str,
        json: bool = False,
        as_user: AsUser = "admin",
    ) -> int:
        """Run one analysis. Exit code: 0 pass, 1 fail, 2 incomplete, 3 could not run."""
        console = self._notes if json else self._screen
        async with self._sign_in(as_user) as api:
            analysis = await commands.check(api, file, client, profile, console)
        if json:
            print(analysis.model_dump_json(indent=2))
        else:
            commands.show(analysis, console)
        return commands.exit_code(analysis)

    def checks(self, name: str | None = None, /, *, json: bool = False) -> int:
        """Show what a profile can check, or one check with its parameters and an example."""
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
