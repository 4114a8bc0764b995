"""Files that are not taken, each with what to do about it."""

from typing import Any

import pytest

from libs.contracts.transfer import MAX_FILE_BYTES, MAX_FILES
from tests.profiles.conftest import Api
from tests.profiles.factories import exact
from tests.profiles.transfer.conftest import OLD, Transfer, lines, zipped


def changed(**fields: Any) -> dict[str, Any]:
    return OLD["pack.json"] | fields


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("x.json", changed(owner="anna"), "x.json: owner: not known here; take it out."),
        (
            "x.json",
            changed(checks={"logo": exact(enabled=True)}),
            "checks.logo.enabled: not known here; a setting of the check's own goes into its "
            "`parameters`.",
        ),
        ("x.json", changed(version=2), "version: it says 2, but its name says 1."),
        ("x.json", changed(profile_id="y"), "profile_id: it says y, but its name x."),
        ("x.json", changed(content_hash="0" * 64), "the content was changed since"),
        ("x.json", changed(previous_version="pack"), "'pack' is no earlier version of x"),
        ("x.json", changed(visible_to_clients=["nobody"]), "no brand client 'nobody'"),
        ("x.json", changed(checks={"logo": exact(parameters={"n": 2**60})}), "whole numbers go"),
        ("x.json", changed(created_at="0001-01-01T00:00:00+14:00"), "outside the years 1 to 9999"),
        ("x.json", changed(modified_at="9999-12-31T23:59:59-14:00"), "outside the years 1 to 9999"),
        ("x.json", [], "x.json: the file: "),
        ("x_v1.json", changed(), "named after its version"),
        ("../x.json", changed(), "named after its version"),
        ("x.txt", changed(), "named after its version"),
        ("X.json", changed(), "named after its version"),
        ("x_v3.json", changed(version=3), "x.json is missing"),
        (
            "diageo_key_visual.json",
            changed(),
            "diageo_key_visual is there with other content, and versions never change",
        ),
    ],
)
async def test_one_file_that_cannot_be_taken_keeps_all_out(
    api: Api, transfer: Transfer, file: str, content: Any, sentence: str
) -> None:
    answer = await transfer.bring({**OLD, file: content})

    assert (answer.status, answer.json["code"]) == (409, "files_refused")
    assert sentence in answer.json["detail"]
    assert (await api.get("/v1/profiles/pack")).status == 404


async def test_a_gap_and_a_file_sent_twice_are_told(transfer: Transfer) -> None:
    del (gap := dict(OLD))["pack_v2.json"]

    missing = await transfer.bring(gap)
    twice = await transfer.bring(lines(OLD) + b"\n" + lines({"pack.json": OLD["pack.json"]}))

    assert "pack_v2.json is missing" in missing.json["detail"]
    assert "pack.json comes twice" in twice.json["detail"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"no json", "application/x-ndjson", 400),
        (b'{"file": "a.json"}', "application/x-ndjson", 400),
        (b"[" * 100_000, "application/x-ndjson", 400),
        (b"PK no zip", "application/zip", 400),
        (b"", "application/x-ndjson", 400),
        (zipped({"readme.txt": b"no profile"}), "application/zip", 400),
        (zipped({"a.json": b" " * (MAX_FILE_BYTES + 1)}), "application/zip", 413),
        (zipped({"a.json": b"[" * 100_000}), "application/zip", 409),
        (zipped({"a.json": b"\xff\xfe"}), "application/zip", 409),
        (b"PK\x01\x02" * (4 * MAX_FILES + 1), "application/zip", 413),
        (b"\n".join([lines({"a.json": 1})] * (MAX_FILES + 1)), "application/x-ndjson", 413),
        (b"\n" * ((64 << 20) + 1), "application/x-ndjson", 413),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_body_that_is_no_set_of_files_is_refused(
    transfer: Transfer, body: bytes, kind: str, status: int
) -> None:
    assert (await transfer.bring(body, kind=kind)).status == status


async def test_what_takes_an_approval_comes_in_by_no_other_way(
    api: Api, transfer: Transfer
) -> None:
    first = {"pack.json": OLD["pack.json"]}
    await transfer.bring(first)
    wanted = await api.call("PUT", "/v1/clients/diageo", body={"approval_required": True})
    assert wanted.status == 200, wanted.json

    later = await transfer.bring(OLD)
    new = await transfer.bring({"new.json": OLD["pack.json"] | {"previous_version": None}})
    same = await transfer.bring(first)

    for answer, file in ((later, "pack.json"), (new, "new.json")):
        assert answer.status == 409
        assert f"{file}: diageo wants changes to be approved" in answer.json["detail"]
    assert (same.status, same.json["skipped"]) == (200, 1)
