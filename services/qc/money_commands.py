"""`aiqc estimate` and `aiqc triage`: what a check would cost, and how far cheap models go."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from libs.api.gateway import GatewayApi
from libs.contracts.estimates import Estimate, EstimatedCall
from libs.contracts.triage import TriageCounts
from services.qc.commands import Given, Question, grid, plain

AsUser = Annotated[str, Parameter(help="Who acts, of the people of the dev login.")]
PLAIN = Parameter(negative=())
NARROW = (0, 1, 0, 0)
"""Between columns: the longest names of ours stand whole on eighty columns."""
PLACES = Decimal("0.000001")
SignIn = Callable[[str], AbstractAsyncContextManager[GatewayApi]]


class MoneyCommands:
    def __init__(self, sign_in: SignIn, screen: Console) -> None:
        self._sign_in = sign_in
        self._screen = screen

    async def estimate(
        self,
        file: Path,
        /,
        *,
        client: str,
        profile: str,
        only: Annotated[tuple[str, ...], PLAIN] = (),
        given: Annotated[Given, Parameter(name="*", negative=())] = Given(),  # noqa: B008
        json: Annotated[bool, PLAIN] = False,
        as_user: AsUser = "admin",
    ) -> int:
        """Tell what `aiqc check` would cost for a file. Nothing is asked and nothing is paid.

        Parameters
        ----------
        file
            The creative.
        client
            The brand client that it is for.
        profile
            What it would be checked for.
        only
            Only this check of the profile; may be given several times.
        json
            The estimate as JSON.
        """
        names = tuple(word for names in only for word in names.split(",") if word)
        question = Question(client, profile, names, given)
        async with self._sign_in(as_user) as api:
            found = await api.estimate(file, client, profile, question.fields)
        if json:
            print(found.model_dump_json(indent=2))
        else:
            show(found, self._screen)
        return 0

    async def triage(
        self, *, client: str, json: Annotated[bool, PLAIN] = False, as_user: AsUser = "admin"
    ) -> int:
        """Tell how often a cheap model's answer was enough, and agreed with the strong one's.

        Parameters
        ----------
        client
            The brand client whose analyses are counted.
        json
            The counts as JSON.
        """
        async with self._sign_in(as_user) as api:
            found = await api.triage(client)
        if json:
            print(found.model_dump_json(indent=2))
        elif found.counts:
            self._screen.print(counts_table(found.counts))
        else:
            self._screen.print("No check of this client was asked of a cheap model yet.")
        return 0


def add_money_commands(app: App, sign_in: SignIn, screen: Console) -> None:
    """Give `app` the commands."""
    made = MoneyCommands(sign_in, screen)
    app.command(made.estimate)
    app.command(made.triage)


def show(estimate: Estimate, console: Console) -> None:
    """The sum, then the calls that it is made of."""
    judged = [check for check in estimate.checks if check.kind == "judged"]
    exact = len(estimate.checks) - len(judged)
    console.print(f"\nabout {_usd(estimate.cost_usd)}", style="bold", end="")
    console.print(f" for {len(judged)} judged checks; {exact} exact checks cost nothing\n")
    if estimate.calls:
        console.print(calls_table(estimate.calls))
    if reasons := [(c.check_id, c.reason) for c in judged if c.reason]:
        console.print("\nNot asked", style="bold")
        console.print(grid([(Text(id), Text(plain(why or ""))) for id, why in reasons]))
    for sentence in _remarks(estimate):
        console.print(sentence, soft_wrap=True)


def calls_table(calls: list[EstimatedCall]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=NARROW)
    for title in ("model", "checks", "calls", "input", "cached", "output", "cost"):
        words = title in ("model", "checks")
        table.add_column(title, justify="left" if words else "right", overflow="fold")
    for call in calls:
        checks = ", ".join(call.check_ids)
        table.add_row(
            Text(plain(f"{call.provider}/{call.model}")),
            Text(plain(f"in doubt, of {checks}" if call.again else checks)),
            f"{call.times:.3g}",
            f"{call.input_tokens:,}",
            f"{call.cached_input_tokens:,}",
            f"{call.output_tokens:,}",
            _usd(call.cost_usd),
        )
    return table


def counts_table(counts: list[TriageCounts]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=NARROW)
    titles = ("cheap model", "check", "answers", "enough", "asked\nagain", "audited", "agreed")
    for title in titles:
        left = title in titles[:2]
        table.add_column(title, justify="left" if left else "right", overflow="fold")
    for one in counts:
        compared = one.agreed + one.disagreed
        table.add_row(
            Text(plain(one.model)),
            Text(plain(one.check_id)),
            f"{one.answers:,}",
            f"{(one.answers - one.doubted) / one.answers:.0%}",
            f"{one.asked_again:,} of {one.doubted:,}",
            f"{one.audited:,}",
            f"{one.agreed / compared:.0%} of {compared:,}" if compared else "–",
        )
    return table


def _remarks(estimate: Estimate) -> list[str]:
    learned = estimate.learned_from
    remarks = [
        f"\nTokens as in the last {learned} calls of this client, where these asked the same."
        if learned
        else "\nTokens by rule of thumb: no call of this client has been answered yet."
    ]
    if answered := [check.check_id for check in estimate.checks if check.answered]:
        remarks.append(f"Answers that are kept cost nothing: {', '.join(map(plain, answered))}.")
    if estimate.unpriced:
        remarks.append(f"No price is known for {', '.join(map(plain, estimate.unpriced))}.")
    if estimate.earlier:
        remarks.append(f"`aiqc check --reuse` brings {estimate.earlier}, and costs nothing.")
    return remarks


def _usd(cost: Decimal | None) -> str:
    return "unknown" if cost is None else f"${cost.quantize(PLACES, ROUND_HALF_EVEN)}"
