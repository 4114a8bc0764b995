"""Kept results in the database: of one client, for some days, under keys of full parameters."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import JsonValue

from libs.contracts.profiles import Check
from libs.postgres import Pool, transaction
from services.qc import kept
from services.qc.checks import CHECKS
from services.qc.domain.brief import Brief
from services.qc.kept import Kept, engine
from tests.qc.factories import CREATIVE, NOON

PASSED: JsonValue = {"state": "passed", "score": 100}


def keys_of(pool: Pool, **checks: Check) -> dict[str, str]:
    return Kept(pool, engine(10, 10), 30).keys(CREATIVE, checks, Brief())


def weight(**parameters: JsonValue) -> Check:
    return Check(kind="exact", measure="file_weight", parameters=parameters)


async def test_result_is_found_by_its_client_alone(pool: Pool) -> None:
    held = Kept(pool, {}, 30)
    async with transaction(pool, ["diageo"]) as db:
        await kept.keep(db, "diageo", {"k": PASSED, "broken": {"state": "fine"}}, NOON)

    found = held.results(await held.find("diageo", ["k", "other", "broken"]))

    assert {key: measured.score for key, measured in found.items()} == {"k": 100}
    assert await held.find("loreal", ["k"]) == {}


async def test_first_result_stays(pool: Pool) -> None:
    held = Kept(pool, {}, 30)
    for score in (100, 20):
        async with transaction(pool, ["diageo"]) as db:
            await kept.keep(db, "diageo", {"k": {"state": "passed", "score": score}}, NOON)

    assert (held.results(await held.find("diageo", ["k"])))["k"].score == 100


async def test_old_results_of_every_client_are_forgotten(pool: Pool) -> None:
    held = Kept(pool, {}, 30)
    for client_id in ("diageo", "loreal"):
        async with transaction(pool, [client_id]) as db:
            await kept.keep(db, client_id, {"old": PASSED}, NOON - timedelta(days=31))
            await kept.keep(db, client_id, {"new": PASSED}, NOON)

    assert await held.forget(NOON - timedelta(days=30)) == 2
    assert set(await held.find("loreal", ["old", "new"])) == {"new"}


async def test_defaults_written_out_are_the_same_check(pool: Pool) -> None:
    default = CHECKS["file_weight"].parameters().model_dump(mode="json")
    keys = keys_of(pool, a=weight(), b=weight(**default), c=weight(max_bytes=7))

    assert keys["a"] == keys["b"] != keys["c"]


async def test_refused_parameters_and_unknown_checks_have_no_key(pool: Pool) -> None:
    unknown = Check(kind="exact", measure="sharpness")

    assert keys_of(pool, a=weight(max_bytes=-1), b=unknown) == {}


async def test_another_version_of_a_check_is_another_key(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keys_of(pool, a=weight())
    raised = replace(CHECKS["file_weight"], version=CHECKS["file_weight"].version + 1)
    monkeypatch.setitem(CHECKS, "file_weight", raised)

    assert keys_of(pool, a=weight()) != before


def test_engine_names_every_library_that_is_installed() -> None:
    assert all(engine(1, 2).values())
