"""People can be forgotten: no name is left, no total changes, no entry is touched."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from libs.contracts.access import Action
from libs.contracts.usage import AccessChange, AccessRequested
from libs.ids import uuid7
from libs.postgres import Connection
from tests.factories import service
from tests.usage.conftest import Usage
from tests.usage.factories import NOON, call, completed

ADMIN = service(Action.MANAGE_LEDGER)


async def _erase(usage: Usage, user: str) -> Any:
    return await usage.post("/v1/people/erase", {"user": user}, ADMIN)


async def _everything(tamper: Connection) -> str:
    """All that the schema holds, as text: a name anywhere in it is a name that was kept."""
    tables = await tamper.fetch(
        """SELECT relname FROM pg_class WHERE relnamespace = 'usage'::regnamespace
            AND relkind IN ('r', 'p') AND NOT relispartition"""
    )
    return "\n".join(
        [
            str(await tamper.fetchval(f"SELECT string_agg(t::text, ' ') FROM {row[0]} AS t"))
            for row in tables
        ]
    )


async def test_forgotten_person_is_nowhere_and_every_total_stays(
    usage: Usage, tamper: Connection
) -> None:
    who: dict[str, Any] = {"occurred_at": NOON, "client_id": "diageo", "user_id": "max"}
    asked = {"email": "uma@agency.example", "reason": "Uma Berg asks for it"}
    await usage.send(
        call(),
        call(client_id="loreal"),
        completed(),
        call(user_id="max", user_email="max@agency.example"),
        call(user_id="unknown"),
        AccessRequested(kind="access_request", event_id=uuid7(), details=asked, **who),
        AccessChange(kind="access_change", event_id=uuid7(), details={"role": "editor"}, **who),
    )
    before = await usage.report()

    status, erased = await _erase(usage, "UMA@agency.example")

    assert status == 200
    after = await usage.report()
    kept = await _everything(tamper)
    for word in ("uma@", "Uma Berg", "'uma'", "(uma", ",uma,"):
        assert word not in kept
    assert "max@agency.example" in kept
    assert "editor" in kept
    assert len(erased["pseudonyms"]) == 2  # by id, and by address alone
    for report in (before, after):
        del report["generated_at"], report["by_user"]
    assert before == after
    _, proof = await usage.get("/v1/ledger/proof", ADMIN, {"rollups": "true"})
    assert (proof["chain_faults"], proof["rollup_faults"]) == ([], [])


async def test_forgotten_person_is_one_line_that_names_nobody(usage: Usage) -> None:
    await usage.send(call(), call(client_id="loreal"), completed())

    _, erased = await _erase(usage, "uma")

    [pseudonym] = erased["pseudonyms"]
    [line] = (await usage.report())["by_user"].values()
    assert list((await usage.report())["by_user"]) == [pseudonym]
    assert (line["name"], line["email"], line["count"]) == ("", "", 1)
    assert (await usage.report(user=pseudonym))["total_calls"] == 2


async def test_who_comes_back_is_somebody_new(usage: Usage) -> None:
    await usage.send(call())
    await _erase(usage, "uma")

    await usage.send(call())

    assert len((await usage.report())["by_user"]) == 2
    assert (await usage.report(user="uma"))["total_calls"] == 1


async def test_unknown_person_is_said(usage: Usage) -> None:
    await usage.send(call(user_id="unknown", user_email=""))

    assert (await _erase(usage, "nobody"))[0] == 404
    assert (await _erase(usage, "unknown"))[0] == 404


async def test_people_known_by_address_only_are_not_forgotten_with_the_unknown(
    usage: Usage,
) -> None:
    await usage.send(call(user_id="unknown"))

    status, _ = await _erase(usage, "unknown")

    assert status == 404
    assert list((await usage.report())["by_user"]) == ["uma@agency.example"]


async def test_person_forgotten_by_id_is_forgotten_by_address_too(
    usage: Usage, tamper: Connection
) -> None:
    await usage.send(
        call(),
        call(client_id="loreal", user_id="unknown", user_email="Uma@agency.example"),
        call(user_id="max"),  # who only shares the address
        completed(user_id="unknown", user_email="", client_id="loreal"),
        completed(),
    )

    _, erased = await _erase(usage, "uma")

    assert len(erased["pseudonyms"]) == 2
    people = await tamper.fetch("SELECT user_key, user_name FROM person")
    assert {row["user_key"] for row in people} == {"max", "unknown", *erased["pseudonyms"]}
    assert {row["user_name"] for row in people} == {""}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Uma asks for it", False),
        ("for uma@agency.example", False),
        ('line\nUma "B." Berg', False),
        ("为Uma服务", False),
        ("a human summary", True),
        ("puma@agency.example", True),
    ],
)
async def test_only_what_names_the_person_goes_from_access_events(
    usage: Usage, tamper: Connection, said: str, kept: bool
) -> None:
    asked = AccessRequested(
        kind="access_request",
        event_id=uuid7(),
        occurred_at=NOON,
        user_id="max",
        details={"why": [said]},
    )
    await usage.send(completed(user_name='Uma "B." Berg'), asked)

    await _erase(usage, "uma")

    details = await tamper.fetchval("SELECT details FROM usage_event WHERE kind = 'access_request'")
    assert ("erased" not in details) == kept


async def test_people_are_forgotten_beside_senders(usage: Usage, tamper: Connection) -> None:
    """A sender that has looked a person up must still find them when it adds its entries."""
    statuses: Counter[int] = Counter()

    async def send() -> None:
        for _ in range(50):
            status, _ = await usage.send(call(), completed())
            statuses[status] += 1

    senders = [asyncio.create_task(send()) for _ in range(3)]
    while not all(sender.done() for sender in senders):
        await _erase(usage, "uma")

    assert statuses == {200: 150}
    assert await tamper.fetchval("SELECT count(*) FROM ledger_entry") == 150
