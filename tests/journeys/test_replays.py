"""Replays through the gateway: what a profile would change, tried before it is live."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import pytest

from libs.api.review import ReviewApi
from libs.contracts.drafts import Draft, DraftRequest
from libs.contracts.replays import Replay, ReplayedCreative, ReplayQuestion
from libs.contracts.review import OverrideRequest, RerunRequest
from libs.problems import Conflict, Forbidden
from tests.fake_providers import Scripted
from tests.house import House
from tests.journeys.following import entries_of
from tests.journeys.replaying import (
    CHECKS,
    CLIENT,
    analysed,
    edit,
    made,
    order,
    replayed,
    to_the_end,
)

FAILS = json.dumps(
    {
        "evidence": "x",
        "verdict": "fail",
        "score": 20,
        "findings": [
            {
                "severity": "major",
                "message": "Nobody smiles.",
                "evidence": "x",
                "fix": "Smile.",
                "box": None,
            }
        ],
    }
)


async def test_only_what_changed_is_asked_again_and_the_rest_counts_as_stored(
    house: House, tmp_path: Path
) -> None:
    assert house.fake
    async with house.signed_in() as api:
        profile = await made(api)
        [red, blue] = await analysed(api, tmp_path, profile, "red", "blue")
        changed = edit(mood={"kind": "judged", "title": "Mood", "prompt": "Does somebody smile?"})
        before = len(house.fake.calls)
        wanted = order(profile, edit=changed)
        question = ReplayQuestion(client=CLIENT, profile=profile, edit=changed)
        expected = await api.estimate_replay(question)
        assert len(house.fake.calls) == before, "an estimate asks nobody"
        house.fake.answer_with(Scripted(text=FAILS, times=0))
        started = await api.start_replay(wanted)
        replay, events = await to_the_end(api, started.replay_id)
        report = json.loads(await api.report({"last_days": "1", "format": "json"}))
        same = await api.analysis(red.analysis_id)

    assert [one.asked for one in expected.creatives] == [{"mood": "changed"}] * 2
    assert [one.carried for one in expected.creatives] == [["people"]] * 2
    assert expected.cost_usd and expected.cost_usd > 0
    assert len(house.fake.calls) - before == 2, "one call for each creative"
    assert [one.source_id for one in replay.items] == [blue.analysis_id, red.analysis_id]
    for one in replay.items:
        _assert_only_mood_was_asked(one)
        entries = await entries_of(house, one.analysis_id or red.analysis_id, 1)
        assert sum(entry.cost_usd or 0 for entry in entries) == one.spent_usd
    assert replay.spent_usd == sum(one.spent_usd or 0 for one in replay.items)
    assert replay.totals.asked == replay.totals.measured == replay.totals.carried == 2
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert (events[0].kind, events[-1].kind) == ("started", "finished")
    assert report["total_analyses"] == 2, "a replay is none that reports count"
    assert same == red, "what was found then stays"


def _assert_only_mood_was_asked(one: ReplayedCreative) -> None:
    hows = {check.check_id: check.how for check in one.checks}
    assert hows == {"image_resolution": "measured", "mood": "asked", "people": "carried"}
    [mood] = [check for check in one.checks if check.check_id == "mood"]
    assert (mood.after_state, mood.after_score) == ("failed", 20)
    new = [found.finding.message for found in mood.findings if found.fate == "new"]
    assert new == ["Nobody smiles."]
    assert one.after and one.after.cost_usd and one.spent_usd
    assert one.after.cost_usd > one.spent_usd, "what was paid then for `people` counts too"


async def test_weights_and_thresholds_are_judged_anew_for_nothing(
    house: House, tmp_path: Path
) -> None:
    assert house.fake
    async with house.signed_in() as api:
        profile = await made(api)
        [red] = await analysed(api, tmp_path, profile, "red")
        asked = len(house.fake.calls)
        heavier = {**dict(CHECKS["mood"]), "weight": 50.0}  # type: ignore[call-overload]
        wanted = order(
            profile, "0", edit=edit(mood=heavier).model_copy(update={"pass_threshold": 99.5})
        )
        started = await api.start_replay(wanted)
        replay, _ = await to_the_end(api, started.replay_id)

    [one] = replay.items
    assert len(house.fake.calls) == asked and replay.spent_usd == 0
    assert one.after and one.after.score != red.score
    assert one.flips == (one.after.verdict != red.verdict)
    assert one.after.verdict == "fail"


async def test_facts_that_came_out_otherwise_are_asked_about_again(
    house: House, tmp_path: Path
) -> None:
    other = {"kind": "exact", "parameters": {"allowed": ["1:1"]}}
    looser = {
        "kind": "exact",
        "parameters": {"min_short_side_px": 90, "min_long_side_px": 100},
    }
    async with house.signed_in() as api:
        profile = await made(api)
        await analysed(api, tmp_path, profile, "red")
        question = ReplayQuestion(client=CLIENT, profile=profile, edit=edit(aspect_ratio=other))
        expected = await api.estimate_replay(question)
        told = await replayed(api, order(profile, edit=edit(aspect_ratio=other)))
        untold = await replayed(api, order(profile, edit=edit(image_resolution=looser)))

    assert expected.creatives[0].asked == dict.fromkeys(("mood", "people"), "facts_may_change")
    assert hows(told) == {"measured": 2, "asked": 2}
    assert hows(untold) == {"measured": 1, "carried": 2}, "it measured the same as before"


async def test_reference_that_only_the_new_profile_looks_at_is_the_one_of_today(
    house: House, tmp_path: Path
) -> None:
    compares = {"kind": "exact", "parameters": {}}
    async with house.signed_in() as api:
        profile = await made(api)
        await analysed(api, tmp_path, profile, "red")
        await api.add_asset(tmp_path / "red.png", CLIENT, "reference", "red")
        replay = await replayed(api, order(profile, edit=edit(reference_comparison=compares)))

    [check] = [one for one in replay.items[0].checks if one.check_id == "reference_comparison"]
    assert (check.change, check.after_state, check.how) == ("added", "passed", "measured")


async def test_budget_is_never_passed_and_what_it_left_is_named(
    house: House, tmp_path: Path
) -> None:
    assert house.fake
    colours = ("red", "blue", "green", "yellow")
    async with house.signed_in() as api:
        profile = await made(api)
        await analysed(api, tmp_path, profile, *colours)
        before = len(house.fake.calls)
        changed = edit(mood={"kind": "judged", "title": "Mood", "prompt": "Is it dark?"})
        nothing = await replayed(api, order(profile, "0.01", edit=changed, last=1))
        replay = await replayed(api, order(profile, "0.1135", edit=changed))

    done = [one for one in replay.items if one.state == "done"]
    left = [one for one in replay.items if one.state == "not_replayed"]
    assert replay.bound_usd <= replay.budget_usd and replay.spent_usd > 0
    assert done and left and len(done) + len(left) == 4
    assert {one.code for one in left} == {"budget"}
    assert all(one.after is None and "raise the budget" in (one.reason or "") for one in left)
    assert replay.totals.replayed == len(done)
    assert (nothing.spent_usd, nothing.items[0].code) == (Decimal(0), "budget")
    assert len(house.fake.calls) - before == len(done)


async def test_file_that_is_gone_is_named_and_the_others_are_replayed(
    house: House, tmp_path: Path
) -> None:
    async with house.signed_in() as api:
        profile = await made(api)
        [red, _] = await analysed(api, tmp_path, profile, "red", "blue")
        sha256 = red.creative.sha256
        (house.folder / "objects" / sha256[:2] / sha256).unlink()
        expected = await api.estimate_replay(ReplayQuestion(client=CLIENT, profile=profile))
        replay = await replayed(api, order(profile))

    assert [one.gone for one in expected.creatives] == [False, True] and expected.gone == 1
    assert [(one.state, one.code) for one in replay.items] == [
        ("done", None),
        ("not_replayed", "file_gone"),
    ]
    assert replay.items[1].file_name == "red.png"


async def test_cancelled_replay_starts_nothing_more(house: House, tmp_path: Path) -> None:
    assert house.fake
    async with house.signed_in() as api:
        profile = await made(api)
        await analysed(api, tmp_path, profile, "red", "blue", "green", "yellow")
        house.fake.answer_with(Scripted(delay_s=60, times=0))
        changed = edit(mood={"kind": "judged", "title": "Mood", "prompt": "Is it dark?"})
        started = await api.start_replay(order(profile, edit=changed))
        while len(house.fake.calls) < 9:
            await asyncio.sleep(0.05)
            if (await api.replay(started.replay_id)).items[1].state == "running":
                break
        await api.cancel_replay(started.replay_id)
        again = await api.cancel_replay(started.replay_id)
        events = [event async for event in api.replay_events(started.replay_id)]
        replay = await api.replay(started.replay_id)

    assert again.state in ("cancelling", "cancelled") and replay.state == "cancelled"
    assert {(one.state, one.code) for one in replay.items} == {("not_replayed", "cancelled")}
    assert events[-1].kind == "finished" and events[-1].done == 4


async def test_replay_counts_nowhere_and_is_neither_reviewed_nor_run_again(
    house: House, tmp_path: Path
) -> None:
    async with house.signed_in() as api:
        profile = await made(api)
        [red] = await analysed(api, tmp_path, profile, "red")
        replay = await replayed(api, order(profile))
        analysis_id = replay.items[0].analysis_id or red.analysis_id
        reused = await api.submit(tmp_path / "red.png", CLIENT, profile, {"reuse": "true"})
        again = await replayed(api, order(profile))
        review = ReviewApi(api.caller)
        with pytest.raises(Conflict, match="counts nowhere"):
            await review.override(analysis_id, "mood", OverrideRequest(state="failed", reason="x"))
        with pytest.raises(Conflict, match="start another one"):
            await review.rerun(analysis_id, RerunRequest())

    assert reused.analysis_id == red.analysis_id
    assert [one.source_id for one in again.items] == [red.analysis_id]


async def test_draft_is_replayed_with_its_own_content_and_hash(
    house: House, tmp_path: Path
) -> None:
    changed = edit(mood={"kind": "judged", "title": "Mood", "prompt": "Is it dark?"})
    async with house.signed_in() as api:
        profile = await made(api)
        await analysed(api, tmp_path, profile, "red")
        body = DraftRequest(profile_id=profile, title="Darker", edit=changed)
        draft = await api.caller.call("POST", "/api/drafts", Draft, body)
        replay = await replayed(api, order("", draft_id=draft.draft_id))
    async with house.signed_in("viewer") as stranger:
        with pytest.raises(Forbidden):
            await stranger.start_replay(order("", client="loreal", draft_id=draft.draft_id))

    assert (replay.profile.source, replay.profile.content_hash) == ("draft", draft.content_hash)
    assert hows(replay) == {"measured": 1, "asked": 1, "carried": 1}


def hows(replay: Replay) -> dict[str, int]:
    found = replay.totals
    counts = {"measured": found.measured, "asked": found.asked, "carried": found.carried}
    return {how: count for how, count in counts.items() if count}
