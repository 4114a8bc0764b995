"""`aiqc prices sync`, `proposals`, `accept` and `reject`; `price_commands.py` composes them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from libs.api.prices import PricesApi
from libs.contracts.prices import ProposalState, SyncRequest
from libs.problems import Invalid
from services.usage.price_tables import proposal_table, sync_text
from services.usage.terminal import body_of, show, write


class ProposalCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[PricesApi]]) -> None:
        self._connect = connect

    async def sync(
        self,
        *,
        provider: list[str] | None = None,
        model: list[str] | None = None,
        only_held: bool = False,
    ) -> int:
        """Propose what is new in the installed genai-prices. Nothing is fetched or changed.

        Parameters
        ----------
        provider
            A provider that genai-prices knows; openai and google if not given.
        model
            A model, by the name that the provider reports; all of them if not given.
        only_held
            Leave out models that have no price here and were not called.
        """
        asked = {"providers": provider} if provider else {}
        body = body_of(SyncRequest, models=model or [], only_held=only_held, **asked)
        async with self._connect() as api:
            done = await api.sync(body)
        write(sync_text(done))
        return 0

    async def proposals(
        self, *, state: ProposalState = "open", provider: str | None = None, json: bool = False
    ) -> int:
        """List proposals: open ones wait for `accept` or `reject`."""
        async with self._connect() as api:
            found = await api.proposals(state, provider)
        if not found.proposals and not json:
            write(f"There are no {state} proposals.\n")
            return 0
        return show(found, proposal_table(found.proposals), json)

    async def accept(
        self,
        *ids: UUID,
        all: bool = False,
        provider: str | None = None,
        model: str | None = None,
        note: str = "",
    ) -> int:
        """Accept proposals by id, or --all open ones (of a --provider or --model)."""
        async with self._connect() as api:
            done = await api.accept(await _chosen(api, ids, all, provider, model), note)
        write(
            f"{_said('Accepted', done.decided, done.unchanged)} {len(done.added)} prices added.\n"
        )
        if done.added:
            write(
                "Entries that are recorded already keep their cost: `aiqc rerate` corrects them.\n"
            )
        return 0

    async def reject(
        self,
        *ids: UUID,
        all: bool = False,
        provider: str | None = None,
        model: str | None = None,
        note: str = "",
    ) -> int:
        """Reject proposals by id, or --all; they come back only with other figures."""
        async with self._connect() as api:
            done = await api.reject(await _chosen(api, ids, all, provider, model), note)
        write(f"{_said('Rejected', done.decided, done.unchanged)}\n")
        return 0


async def _chosen(
    api: PricesApi, ids: Sequence[UUID], every: bool, provider: str | None, model: str | None
) -> list[UUID]:
    if bool(ids) == every:
        raise Invalid("which_proposals", "Name proposals by their ids, or all of them with --all.")
    if ids and (provider or model):
        raise Invalid("which_proposals", "--provider and --model narrow --all, not ids.")
    if ids:
        return [*ids]
    found = (await api.proposals("open", provider)).proposals
    chosen = [one.proposal_id for one in found if model in (None, one.model)]
    if not chosen:
        raise Invalid("no_proposals", "There are no open proposals like that.")
    return chosen


def _said(verb: str, decided: int, unchanged: int) -> str:
    already = f" ({unchanged} had been before)" if unchanged else ""
    return f"{verb} {decided} proposals{already}."
