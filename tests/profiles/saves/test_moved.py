"""What a save tells of its consequences: can it change a result, and whom does it move."""

from typing import Any

import pytest

from libs.postgres import Pool, transaction
from tests.profiles.conftest import ADMIN, EDITOR, Api
from tests.profiles.factories import draft, draft_for, exact, judged


async def pin(run: Pool, client_id: str, slug: str, version: int) -> None:
    async with transaction(run) as db:
        await db.execute(
            "INSERT INTO client_binding (client_id, slug, pinned_version) VALUES ($1, $2, $3)",
            client_id,
            slug,
            version,
        )


@pytest.mark.parametrize(
    ("fields", "change_class"),
    [
        ({"pass_threshold": 90}, "scoring"),
        ({"name": "Renamed", "description": "Other words"}, "presentation"),
        (
            {"checks": {"call_to_action": judged(title="Hi"), "image_resolution": exact()}},
            "scoring",
        ),
        (
            {"checks": {"call_to_action": judged(), "image_resolution": exact(title="Size")}},
            "presentation",
        ),
        ({"visibility": "client_specific", "visible_to_clients": ["loreal"]}, "none"),
        ({}, "none"),
    ],
)
async def test_a_save_tells_whether_it_can_change_a_result(
    api: Api, fields: dict[str, Any], change_class: str
) -> None:
    await api.create(draft())

    assert (await api.save("my_profile", **fields)).json["change_class"] == change_class


async def test_the_class_is_told_against_what_was_active_not_against_the_base(api: Api) -> None:
    await api.create(draft())
    await api.save("my_profile", pass_threshold=90)

    back = await api.save("my_profile", name="From the first")

    assert back.json["change_class"] == "scoring"


async def test_floating_clients_move_and_pinned_ones_stay(api: Api, run: Pool) -> None:
    await api.create(draft_for("diageo", "loreal", "general"))
    await api.create(draft(name="Another"))
    await pin(run, "loreal", "my_profile", 1)
    await pin(run, "diageo", "another", 1)

    saved = (await api.save("my_profile", name="X")).json

    assert saved["repointed_clients"] == ["diageo", "general"]
    assert saved["pinned_clients"] == [{"client_id": "loreal", "version": 1}]


async def test_an_archived_client_is_moved_by_nothing(api: Api, run: Pool) -> None:
    await api.create(draft())
    async with transaction(run) as db:
        await db.execute(
            "UPDATE client SET archived_at = now(), archived_by = 'ada', revision = 2 "
            "WHERE client_id = 'general'"
        )

    saved = (await api.save("my_profile", name="X")).json

    assert saved["repointed_clients"] == ["diageo", "loreal", "unilever"]


async def test_a_client_that_had_no_part_in_it_until_now_is_not_moved(api: Api) -> None:
    await api.create(draft_for("diageo"))

    saved = await api.save("my_profile", ADMIN, name="X", visible_to_clients=["diageo", "loreal"])

    assert saved.json["repointed_clients"] == ["diageo"]


async def test_a_change_of_the_audience_alone_moves_nobody(api: Api) -> None:
    await api.create(draft_for("diageo"), EDITOR)

    saved = await api.save("my_profile", ADMIN, visible_to_clients=["diageo", "loreal"])

    assert (saved.json["repointed_clients"], saved.json["pinned_clients"]) == ([], [])
