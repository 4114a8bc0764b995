"""`aiqc prices …`; `services/cli.py` composes it."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from libs.api.prices import PricesApi
from libs.contracts.prices import NewPrice, Retirement
from libs.problems import Invalid
from services.usage.price_tables import price_table, retirement_table, set_text
from services.usage.proposal_commands import ProposalCommands
from services.usage.terminal import body_of, given, show, write

Connect = Callable[[], AbstractAsyncContextManager[PricesApi]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOptions:
    """Flags of `aiqc prices set`.

    Parameters
    ----------
    provider
        Whose model it is: openai, google, or any other.
    input
        USD for a million input tokens.
    output
        USD for a million output tokens, reasoning included.
    cached_input
        USD for a million input tokens that were read from the provider's cache.
    cache_write
        USD for a million input tokens that were written to it.
    tier
        Service tier: standard, batch, flex or priority.
    above
        For prompts of more tokens than this; the price for others stays beside it.
    effective_from
        First day, YYYY-MM-DD in UTC, on which it counts; today if not given.
    source_url
        The page that publishes it.
    note
        Why it was set.
    only
        Drop the prices for other sizes of prompt.
    """

    provider: str
    input: str
    output: str
    cached_input: str | None = None
    cache_write: str | None = None
    tier: str = "standard"
    above: int = 0
    effective_from: str | None = None
    source_url: str | None = None
    note: str = ""
    only: bool = False


def prices_app(connect: Connect) -> App:
    """The commands under `aiqc prices`; `connect` reaches the usage service."""
    app = App(name="prices", help="List, set and sync the prices of models.")
    prices, proposals = PriceCommands(connect), ProposalCommands(connect)
    commands: list[Callable[..., Awaitable[int]]] = [
        *(prices.list, prices.history, prices.set, prices.retirements, prices.retire),
        *(proposals.sync, proposals.proposals, proposals.accept, proposals.reject),
    ]
    for command in commands:
        app.command(command)
    return app


class PriceCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def history(self, model: str, *, provider: str | None = None, json: bool = False) -> int:
        """List every price that a model had, has, or is announced to have."""
        async with self._connect() as api:
            found = await api.history(**given(provider=provider, model=model))
        if not found.prices:
            raise Invalid("no_price", f"There is no price for {model}: `aiqc prices set` adds one.")
        return show(found, price_table(found.prices, history=True), json)

    async def set(self, model: str, options: Annotated[SetOptions, Parameter(name="*")]) -> int:
        """Set a price from a day on. Entries that are recorded already keep their cost."""
        body = body_of(
            NewPrice,
            model=model,
            provider=options.provider,
            input_usd=options.input,
            output_usd=options.output,
            cached_input_usd=options.cached_input,
            cache_write_usd=options.cache_write,
            service_tier=options.tier,
            above_input_tokens=options.above,
            effective_from=options.effective_from,
            source_url=options.source_url,
            note=options.note,
            only=options.only,
        )
        async with self._connect() as api:
            done = await api.set_price(body)
        write(set_text(model, done, datetime.now(UTC).date()))
        return 0

    async def retirements(self, *, json: bool = False) -> int:
        """List when models are shut down, and their successors."""
        async with self._connect() as api:
            found = await api.retirements()
        return show(found, retirement_table(found.retirements), json)

    async def retire(
        self,
        model: str,
        *,
        provider: str,
        source_url: str,
        on: str | None = None,
        successor: str = "",
        note: str = "",
    ) -> int:
        """Note the day a model is shut down; without --on: that it is not to be."""
        body = body_of(
            Retirement,
            provider=provider,
            model=model,
            shutdown_on=on,
            source_url=source_url,
            successor=successor,
            note=note,
        )
        async with self._connect() as api:
            await api.retire(body)
        end = f"is shut down on {on}" if on else "is not to be shut down"
        write(f"Noted: {model} {end}.\n")
        return 0

    async def list(
        self,
        *,
        provider: str | None = None,
        model: str | None = None,
        at: str | None = None,
        json: bool = False,
    ) -> int:
        """List the prices in force, today or on the day --at."""
        async with self._connect() as api:
            found = await api.prices(**given(provider=provider, model=model, at=at))
        if not found.prices and not json:
            write("There are no such prices.\n")
            return 0
        return show(found, price_table(found.prices), json)
