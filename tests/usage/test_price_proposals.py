"""Proposals from the installed genai-prices, and what admins make of them."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import genai_prices
import pytest

from libs.contracts.access import Actor
from libs.postgres import transaction
from libs.problems import Conflict
from services.usage.domain.published import Upstream
from services.usage.genai_feed import read_feed
from services.usage.handlers import POOL, RATE_CARDS
from services.usage.price_proposals import refuse_shrunk
from tests.factories import admin
from tests.usage.conftest import Usage
from tests.usage.factories import call

SOURCE = f"genai-prices {genai_prices.__version__}"
BEN = Actor(subject="ben", kind="user", admin=True)
HAIKU = "claude-haiku-4-5-20251001"


async def _sync(usage: Usage, **body: Any) -> dict[str, Any]:
    status, done = await usage.post("/v1/prices/proposals/sync", body, admin())
    assert status == 200, done
    answer: dict[str, Any] = done
    return answer


async def _decide(
    usage: Usage, ids: list[str], decision: str = "accepted", actor: Actor | None = None
) -> tuple[int, Any]:
    body = {"proposal_ids": ids, "decision": decision}
    return await usage.post("/v1/prices/proposals/decide", body, actor or admin())


async def _haiku(usage: Usage) -> str:
    """The id of the one open proposal for a model that is not held."""
    done = await _sync(usage, providers=["anthropic"], models=[HAIKU])
    standard = [one for one in done["proposed"] if one["service_tier"] == "standard"]
    proposal_id: str = standard[0]["proposal_id"]
    return proposal_id


async def _quote(usage: Usage, provider: str, model: str, at: str = "2026-11-27") -> Any:
    asked = {"provider": provider, "model": model, "occurred_at": f"{at}T00:00:00Z"}
    _, quote = await usage.post("/v1/prices/quote", asked | {"input_tokens": 1_000_000}, admin())
    return quote["cost_usd"]


async def test_what_we_hold_is_what_the_installed_table_states(usage: Usage) -> None:
    done = await _sync(usage, only_held=True)

    assert (done["source"], done["proposed"], done["superseded"]) == (SOURCE, [], 0)
    assert done["compared"] >= 40


async def test_new_models_are_proposed_once_with_source_and_page(usage: Usage) -> None:
    first = await _sync(usage)
    second = await _sync(usage)

    assert len(first["proposed"]) > 50
    assert second["proposed"] == []
    one = next(one for one in first["proposed"] if one["model"] == "o3-pro")
    assert (one["source"], one["reason"], one["state"]) == (SOURCE, "new model", "open")
    assert one["source_url"].startswith("https://developers.openai.com/")
    assert one["prices"][0]["input_usd"] == "20"
    images = [one for one in first["skipped"] if one["model"] == "gpt-image-1"]
    assert "it bills apart" in images[0]["reason"]


async def test_proposal_changes_nothing_until_it_is_accepted(usage: Usage) -> None:
    proposal = await _haiku(usage)
    assert await _quote(usage, "anthropic", HAIKU) is None

    status, done = await _decide(usage, [proposal])

    assert (status, done["decided"], len(done["added"])) == (200, 1, 1)
    assert done["added"][0]["added_by"] == "ada"
    assert done["added"][0]["note"].startswith(SOURCE)
    assert await _quote(usage, "anthropic", HAIKU) == "1"


async def test_model_found_by_its_name_alone_says_so(usage: Usage) -> None:
    done = await _sync(usage, providers=["anthropic"], models=[HAIKU, "no-such-model"])

    assert {one["model"] for one in done["proposed"]} == {HAIKU}
    assert "takes it for claude-haiku-4-5" in done["proposed"][0]["reason"]
    assert [one["model"] for one in done["skipped"]] == ["no-such-model"]


async def test_called_model_without_a_price_is_proposed_under_the_name_that_was_billed(
    usage: Usage,
) -> None:
    now = datetime.now(UTC)
    await usage.send(call(provider="anthropic", model_requested=HAIKU, occurred_at=now))

    done = await _sync(usage, providers=["anthropic"], only_held=True)

    assert {one["model"] for one in done["proposed"]} == {HAIKU}


async def test_price_that_differs_is_proposed_and_wins_as_a_revision(usage: Usage) -> None:
    wrong = {"provider": "openai", "model": "gpt-5.6-sol", "effective_from": "2026-08-21"}
    await usage.post("/v1/prices", wrong | {"input_usd": "44", "output_usd": "20"}, admin())

    done = await _sync(usage, only_held=True)

    [one] = [one for one in done["proposed"] if one["service_tier"] == "standard"]
    assert (one["effective_from"], one["reason"]) == ("2026-08-21", "other price")
    assert [tier["input_usd"] for tier in one["held"]] == ["44", "8"]
    _, decided = await _decide(usage, [one["proposal_id"]])
    assert {row["revision"] for row in decided["added"]} == {3}
    assert await _quote(usage, "openai", "gpt-5.6-sol") == "8"


async def test_announced_change_is_proposed_for_its_day(usage: Usage) -> None:
    stays = {"provider": "google", "model": "gemini-3.8-flash", "effective_from": "2027-01-01"}
    await usage.post("/v1/prices", stays | {"input_usd": "0.75", "output_usd": "3.75"}, admin())

    done = await _sync(usage, only_held=True)

    [one] = done["proposed"]
    assert (one["effective_from"], one["prices"][0]["input_usd"]) == ("2027-01-01", "1.5")


async def test_rejected_proposal_does_not_come_back(usage: Usage) -> None:
    proposal = await _haiku(usage)
    await _decide(usage, [proposal], "rejected")

    again = await _sync(usage, providers=["anthropic"], models=[HAIKU])

    assert proposal not in {one["proposal_id"] for one in again["proposed"]}
    _, page = await usage.get("/v1/prices/proposals", params={"state": "rejected"})
    assert [one["decided_by"] for one in page["proposals"]] == ["ada"]
    assert await _quote(usage, "anthropic", HAIKU) is None


async def test_proposal_that_is_met_by_other_means_is_closed(usage: Usage) -> None:
    proposal = await _haiku(usage)
    _, page = await usage.get("/v1/prices/proposals", params={"provider": "anthropic"})
    [one] = [one for one in page["proposals"] if one["proposal_id"] == proposal]
    price = {"provider": "anthropic", "model": HAIKU, "source_url": "https://x.example"}
    figures = {key: one["prices"][0][key] for key in one["prices"][0] if key.endswith("_usd")}
    await usage.post("/v1/prices", price | figures | {"effective_from": "2020-01-01"}, admin())

    done = await _sync(usage, providers=["anthropic"], models=[HAIKU])

    assert done["superseded"] >= 1
    status, problem = await _decide(usage, [proposal])
    assert (status, problem["code"]) == (409, "already_decided")


async def test_decision_again_by_the_same_person_changes_nothing(usage: Usage) -> None:
    proposal = await _haiku(usage)
    await _decide(usage, [proposal, proposal])

    status, again = await _decide(usage, [proposal])

    assert (status, again) == (200, {"decided": 0, "unchanged": 1, "added": []})


@pytest.mark.parametrize("decision", ["accepted", "rejected"])
async def test_decided_proposal_says_who_decided(usage: Usage, decision: str) -> None:
    proposal = await _haiku(usage)
    await _decide(usage, [proposal], actor=BEN)

    status, problem = await _decide(usage, [proposal], decision)

    assert (status, problem["code"]) == (409, "already_decided")
    assert "was accepted by ben on 20" in problem["detail"]


async def test_of_two_admins_at_once_one_wins_and_the_price_is_there_once(usage: Usage) -> None:
    proposal = await _haiku(usage)

    answers = await asyncio.gather(
        *(_decide(usage, [proposal], actor=admin() if n % 2 else BEN) for n in range(8))
    )

    winners = {n % 2 for n, (status, _) in enumerate(answers) if status == 200}
    assert len(winners) == 1
    assert sum(body["decided"] for status, body in answers if status == 200) == 1
    assert {status for status, _ in answers} == {200, 409}
    _, history = await usage.get("/v1/prices/history", params={"model": HAIKU})
    assert len(history["prices"]) == 1


async def test_all_proposals_are_decided_or_none(usage: Usage) -> None:
    proposal = await _haiku(usage)
    nobody = "01a21def-39bb-7850-a94d-cb0bbd0118c6"

    status, problem = await _decide(usage, [proposal, nobody])

    assert (status, problem["code"]) == (404, "unknown_proposal")
    assert await _quote(usage, "anthropic", HAIKU) is None
    _, page = await usage.get("/v1/prices/proposals", params={"provider": "anthropic"})
    assert proposal in {one["proposal_id"] for one in page["proposals"]}


async def test_everything_accepted_leaves_nothing_to_propose(usage: Usage) -> None:
    done = await _sync(usage)
    ids = [one["proposal_id"] for one in done["proposed"]]

    status, decided = await _decide(usage, ids)

    assert (status, decided["decided"]) == (200, len(ids))
    assert (await _sync(usage))["proposed"] == []
    assert await _quote(usage, "openai", "gpt-4o") == "2.5"


async def test_every_provider_that_the_table_knows_can_be_asked_for(usage: Usage) -> None:
    status, problem = await usage.post(
        "/v1/prices/proposals/sync", {"providers": ["openai", "acme"]}, admin()
    )

    assert (status, problem["code"]) == (422, "unknown_provider")
    assert "knows no provider acme. It knows anthropic" in problem["detail"]
    everyone = problem["detail"].partition("It knows ")[2].rstrip(".").split(", ")
    done = await _sync(usage, providers=everyone)
    assert len(done["proposed"]) > 1_000

    status, decided = await _decide(usage, [one["proposal_id"] for one in done["proposed"]])
    assert (status, decided["decided"]) == (200, len(done["proposed"]))
    assert (await _sync(usage, providers=everyone))["proposed"] == []


async def test_table_that_lost_many_of_our_models_is_refused(usage: Usage) -> None:
    app = usage.client.app
    assert app is not None
    feed = read_feed(["openai"])
    provider = feed.providers["openai"]
    few = [model for model in provider.models if not model.id.startswith("gpt-5")]
    feed.providers["openai"] = replace(provider, models=few)

    async with transaction(app[POOL]) as db:
        card = await app[RATE_CARDS].current(db)
        with pytest.raises(Conflict, match=r"has lost \d+ of \d+ models of openai"):
            await refuse_shrunk(db, card, feed, datetime.now(UTC))
        await refuse_shrunk(db, card, read_feed(["openai"]), datetime.now(UTC))


def test_snapshot_is_the_shipped_one_whatever_the_process_fetched() -> None:
    emptied = genai_prices.data_snapshot.DataSnapshot(providers=[], from_auto_update=True)
    genai_prices.data_snapshot.set_custom_snapshot(emptied)
    try:
        upstream: Upstream = read_feed(["openai"]).upstream
    finally:
        genai_prices.data_snapshot.set_custom_snapshot(None)

    stated = upstream.at("openai", "gpt-4o", "standard", date(2026, 11, 27))
    assert stated is not None and stated.tiers[0].input_usd == Decimal("2.5")
