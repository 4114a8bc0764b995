"""Proposals: what the installed genai-prices states and we do not hold, for an admin to decide."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from libs.contracts.access import Actor
from libs.contracts.prices import (
    Decided,
    Decision,
    PriceRow,
    Proposal,
    Skipped,
    Synced,
    SyncRequest,
)
from libs.postgres import Connection, Pool, transaction
from libs.problems import Conflict, Invalid, NotFound
from services.usage import price_book, proposal_book
from services.usage.domain.price_changes import Change, price_changes, too_many_lost
from services.usage.domain.pricing import RateCard
from services.usage.domain.published import Published, figures_of
from services.usage.genai_feed import Feed, known_providers, read_feed
from services.usage.price_setting import add_version, as_price
from services.usage.rate_card import RateCards

UNPRICED_DAYS = 90
"""How far back calls without a price bring their model up."""


@dataclass
class _Looked:
    """What a sync has looked at: models by provider and name, and what differs of them."""

    models: set[tuple[str, str]] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


async def sync(
    pool: Pool, rate_cards: RateCards, body: SyncRequest, actor: Actor, now: datetime
) -> Synced:
    """Propose what is new or differs in the genai-prices that is installed here.

    It reads what was shipped with the package and never the network. What was proposed
    before, and rejected perhaps, is not proposed again while its figures stay. Raises
    Invalid for a provider that it does not know, Conflict when it lost many of our models.
    """
    async with transaction(pool) as db:
        card = await rate_cards.current(db)
    providers = list(dict.fromkeys(map(card.provider, body.providers)))
    try:
        feed = await asyncio.to_thread(read_feed, providers)
    except LookupError as error:
        known = ", ".join(await asyncio.to_thread(known_providers))
        raise Invalid(
            "unknown_provider", f"genai-prices knows no provider {error}. It knows {known}."
        ) from error
    async with transaction(pool) as db:
        await price_book.lock_prices(db)
        card = await rate_cards.current(db)
        await refuse_shrunk(db, card, feed, now)
        looked = await _look(db, card, rate_cards, feed, body, now)
        return await _propose(db, feed, looked, actor, now)


async def refuse_shrunk(db: Connection, card: RateCard, feed: Feed, now: datetime) -> None:
    """Raises Conflict when the table has lost more than a fifth of the models it once had."""
    ended = {
        (row.provider, row.model)
        for row in await price_book.retirements(db)
        if row.shutdown_on and row.shutdown_on <= now.date()
    }
    for provider in feed.upstream.pages:
        held = {
            model
            for model in await price_book.models_of_tables(db, provider)
            if (provider, model) not in ended
        }
        known = [model for model in held if feed.knows(provider, model)]
        if lost := too_many_lost(held, known):
            raise Conflict(
                "table_shrank",
                f"{feed.upstream.name} has lost {len(lost)} of {len(held)} models of {provider} "
                f"that are held here ({', '.join(lost[:5])} …): nothing was proposed. Install "
                "another release of it, or set prices by hand.",
            )


async def _look(
    db: Connection,
    card: RateCard,
    rate_cards: RateCards,
    feed: Feed,
    body: SyncRequest,
    now: datetime,
) -> _Looked:
    explained = {
        (file.provider, known.model, known.service_tier, known.kind)
        for file in rate_cards.files.values()
        for known in file.known_disagreements
    }
    looked = _Looked()
    for provider in feed.upstream.pages:
        if body.models:
            names = list(body.models)
        else:
            used = await _used_unpriced(db, card, provider, now)
            names = [*_names(card, feed, provider, body.only_held), *used]
        for name in dict.fromkeys(names):
            model = card.model(provider, name)
            statements, reason = _statements(feed, provider, name, model)
            if not statements:
                why = f"{feed.upstream.name} has no price for its tokens"
                looked.skipped.append(Skipped(provider=provider, model=name, reason=why))
            elif (provider, model) not in looked.models:
                looked.models.add((provider, model))
                found = price_changes(card, statements, now.date(), explained)
                looked.changes += [
                    replace(change, reason=change.reason + reason) for change in found
                ]
    if not body.models and not body.only_held:
        looked.skipped += [
            Skipped(provider=provider, model=model, reason=reason)
            for provider, model, reason in feed.skipped
        ]
    return looked


def _names(card: RateCard, feed: Feed, provider: str, only_held: bool) -> Iterator[str]:
    held = {model for of, model, _ in card.kinds if of == provider}
    for name in feed.ids.get(provider, ()):
        if not only_held or card.model(provider, name) in held:
            yield name


async def _used_unpriced(db: Connection, card: RateCard, provider: str, now: datetime) -> list[str]:
    uses = await price_book.model_uses(db, now - timedelta(days=UNPRICED_DAYS), now)
    return [
        use.model_served or use.model_requested
        for use in uses
        if use.unpriced_calls and card.provider(use.provider) == provider
    ]


def _statements(
    feed: Feed, provider: str, name: str, model: str
) -> tuple[Sequence[Published], str]:
    """What is stated of a model, under our name for it, and what is doubtful about the match."""
    for known in (name, model):
        if rows := feed.upstream.published.get((provider, known)):
            return [replace(row, model=model) for row in rows], ""
    if matched := feed.matched(provider, name):
        like, rows = matched
        doubt = f"; genai-prices takes it for {like} by its name alone: check that it is"
        return [replace(row, model=model) for row in rows], doubt
    return (), ""


async def _propose(
    db: Connection, feed: Feed, looked: _Looked, actor: Actor, now: datetime
) -> Synced:
    source, by = feed.upstream.name, actor.subject
    stated = {change.fingerprint for change in looked.changes}
    superseded = await proposal_book.supersede(
        db, looked.models, stated, by, f"{source} states it no more, or it is held by now"
    )
    added: list[UUID] = []
    for change in looked.changes:
        page = feed.upstream.pages[change.published.provider]
        if new := await proposal_book.add_proposal(db, change, source, page, by, now):
            added.append(new)
    return Synced(
        source=source,
        compared=len(looked.models),
        proposed=await proposal_book.proposals_of(db, added),
        superseded=superseded,
        skipped=looked.skipped,
    )


async def decide(pool: Pool, rate_cards: RateCards, body: Decision, actor: Actor) -> Decided:
    """Accept or reject proposals, all of them or none; an accepted one is a price at once.

    The same decision by the same person again changes nothing. Raises NotFound for an id
    that no proposal has, Conflict for a proposal that was decided otherwise.
    """
    async with transaction(pool) as db:
        await price_book.lock_prices(db)
        wanted = await _wanted(db, body)
        undecided = [proposal for proposal in wanted if proposal.state == "open"]
        for proposal in wanted:
            _refuse_other_decision(proposal, body, actor.subject)
        ids = [proposal.proposal_id for proposal in undecided]
        await proposal_book.add_decisions(db, ids, body.decision, actor.subject, body.note)
        added: list[str] = []
        if body.decision == "accepted":
            card = await rate_cards.fresh(db)
            for proposal in undecided:
                added += await _accept(db, card, proposal, actor)
        rows: list[PriceRow] = await price_book.price_rows(db, price_ids=added) if added else []
    return Decided(decided=len(undecided), unchanged=len(wanted) - len(undecided), added=rows)


async def _wanted(db: Connection, body: Decision) -> list[Proposal]:
    ids = set(body.proposal_ids)
    wanted = await proposal_book.proposals_of(db, ids)
    if missing := ids - {proposal.proposal_id for proposal in wanted}:
        raise NotFound(
            "unknown_proposal",
            f"There is no proposal {min(map(str, missing))}: `aiqc prices proposals` lists them.",
        )
    return wanted


def _refuse_other_decision(proposal: Proposal, body: Decision, by: str) -> None:
    if proposal.state in ("open", body.decision) and proposal.decided_by in (None, by):
        return
    on = f"{proposal.decided_at:%Y-%m-%d %H:%M} UTC" if proposal.decided_at else ""
    raise Conflict(
        "already_decided",
        f"The proposal for {proposal.model} ({proposal.service_tier}, from "
        f"{proposal.effective_from}) was {proposal.state} by {proposal.decided_by} on {on}. "
        "Nothing was decided now: leave it out.",
    )


async def _accept(db: Connection, card: RateCard, proposal: Proposal, actor: Actor) -> list[str]:
    """Add the prices of a proposal, unless the very same are in force from that day by now."""
    kind = (proposal.provider, proposal.model, proposal.service_tier)
    prices = [
        as_price(
            kind,
            figures,
            proposal.effective_from,
            proposal.source_url,
            proposal.proposed_at.date(),
            note=f"{proposal.source}: {proposal.reason}",
        )
        for figures in proposal.prices
    ]
    held = card.version_in_force(*kind, prices[0].effective_from)
    if figures_of(held) == tuple(proposal.prices):
        return []
    return await add_version(db, card, prices, actor.subject, proposal.proposal_id)
