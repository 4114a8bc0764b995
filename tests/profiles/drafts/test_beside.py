"""What drafts and schedules mean to the audit and to archiving."""

from libs.contracts.access import Role
from libs.postgres import Pool, transaction
from tests.factories import user
from tests.profiles.activations.conftest import schedule
from tests.profiles.conftest import STRANGER, Api
from tests.profiles.drafts.conftest import SLUG, make, review, withdraw

CLIENT_ADMIN = user("cara", {"diageo": Role.CLIENT_ADMIN})


async def test_a_profile_with_open_drafts_and_schedules_is_not_archived(
    api: Api, three: str
) -> None:
    made = await make(api, title="Stricter")
    planned = (await schedule(api, SLUG)).json

    refused = await api.call("DELETE", f"/v1/profiles/{SLUG}")
    await withdraw(api, made)
    await api.call("DELETE", f"/v1/profiles/{SLUG}/schedules/{planned['schedule_id']}")
    archived = await api.call("DELETE", f"/v1/profiles/{SLUG}")

    assert refused.status == 409
    assert [one["kind"] for one in refused.json["dependants"]] == ["schedule", "draft"]
    assert refused.json["dependants"][1]["what"] == "dora has an open draft, “Stricter”"
    assert archived.status == 200, archived.json


async def test_the_audit_of_drafts_and_schedules_is_whole_and_read_by_its_client(
    api: Api, three: str, run: Pool
) -> None:
    made = await make(api)
    await review(api, made)
    planned = (await schedule(api, SLUG)).json
    await api.call("DELETE", f"/v1/profiles/{SLUG}/schedules/{planned['schedule_id']}")

    verified = (await api.get("/v1/audit/verify")).json
    read = (await api.get(f"/v1/audit?object=draft:{made['draft_id']}", CLIENT_ADMIN)).json

    assert (verified["fault_count"], verified["faults"]) == (0, [])
    assert [one["action"] for one in read["entries"]] == ["draft.approve", "draft.create"]
    for action in ("draft", "schedule"):
        of_client = await api.get(f"/v1/audit?client=diageo&action={action}", CLIENT_ADMIN)
        assert len(of_client.json["entries"]) == 2
    hidden = await api.get(f"/v1/audit?object=draft:{made['draft_id']}", STRANGER)
    assert hidden.json["entries"] == []
    async with transaction(run, ["loreal"]) as db:
        count = "SELECT count(*) FROM audit_event WHERE object_kind IN ('draft', 'schedule')"
        assert await db.fetchval(count) == 0
