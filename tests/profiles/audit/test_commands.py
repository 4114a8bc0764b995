"""`aiqc audit`: what a person types, and what it prints."""

import csv
import json
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import asyncpg
import pytest

from deploy.database import DATABASE, Dsns
from deploy.embedded_postgres import EmbeddedPostgres
from libs.problems import Invalid, NotFound
from services.profiles.audit.commands import AuditCommands, Filters, KeptHeads
from services.profiles.brand_commands import BrandCommands
from tests.house import House, open_house
from tests.trust import Trust

Printed = pytest.CaptureFixture[str]
LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[")


@pytest.fixture
async def house(dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(dsns, trust, tmp_path) as house:
        yield house


@pytest.fixture
async def audit(house: House, tmp_path: Path, capsys: Printed) -> AuditCommands:
    """Over an installation in which the brand data of diageo was saved once."""
    file = tmp_path / "brand.json"
    file.write_text('{"words": ["Smirnoff"]}')
    await BrandCommands(house.signed_in).set("diageo", file)
    capsys.readouterr()
    return AuditCommands(house.signed_in)


def printed(capsys: Printed) -> list[str]:
    """Lines of the command; the services of the same process log to the same place."""
    return [line for line in capsys.readouterr().out.splitlines() if not LOGGED.match(line)]


async def spoil(postgres: EmbeddedPostgres, statement: str) -> None:
    """As the superuser, past every trigger."""
    settings = {"search_path": "profiles", "session_replication_role": "replica"}
    db = await asyncpg.connect(postgres.admin_dsn, database=DATABASE, server_settings=settings)
    await db.execute(statement)
    await db.close()


async def test_list_prints_sentences_with_their_time(audit: AuditCommands, capsys: Printed) -> None:
    assert await audit.list(filters=Filters(object="diageo"), limit=1) == 0
    line, more = printed(capsys)
    await audit.list(filters=Filters(actor="nobody"))
    nothing = printed(capsys)
    await audit.list(filters=Filters(search="diageo", action="brand"), json=True)
    listed = json.loads("\n".join(printed(capsys)))

    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  .+ saved version 1 of the brand data of diageo", line
    )
    assert "--limit 2" in more
    assert nothing == ["No change fits."]
    assert [entry["action"] for entry in listed["entries"]] == ["brand.save"]


async def test_export_writes_a_whole_file_or_none(
    audit: AuditCommands, capsys: Printed, tmp_path: Path
) -> None:
    lines, table = tmp_path / "audit.jsonl", tmp_path / "audit.csv"
    await audit.export(output=lines)
    await audit.export(output=table, format="csv", filters=Filters(client="diageo"))
    with pytest.raises(NotFound):
        await audit.export(output=tmp_path / "none", filters=Filters(client="nobody"))

    entries = [json.loads(line) for line in lines.read_text().splitlines()]
    assert {entry["object_kind"] for entry in entries} == {"brand", "client", "profile"}
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (rows[0]["object_kind"], rows[0]["object_id"]) == ("brand", "diageo")
    assert not (tmp_path / "none").exists() and not (tmp_path / "none.part").exists()
    assert not (tmp_path / "audit.csv.part").exists()


async def test_verify_says_that_nothing_was_touched_and_keeps_the_heads(
    audit: AuditCommands, capsys: Printed, tmp_path: Path
) -> None:
    heads = tmp_path / "heads.json"

    assert await audit.verify(save=heads) == 0
    assert await audit.verify(against=heads) == 0

    first, kept, again, compared = printed(capsys)
    assert first == again == "11 changes of 11 objects and 7 versions: nothing was touched"
    assert kept == f"heads kept in {heads}"
    assert compared.startswith("compared with 11 heads of 20")
    assert len(KeptHeads.model_validate_json(heads.read_bytes()).heads) == 11


async def test_verify_names_what_was_touched_and_keeps_no_heads_of_it(
    audit: AuditCommands, postgres: EmbeddedPostgres, capsys: Printed, tmp_path: Path
) -> None:
    await spoil(postgres, "UPDATE audit_event SET actor = 'x' WHERE object_kind = 'brand'")

    assert await audit.verify(save=tmp_path / "heads.json") == 1

    fault, told = printed(capsys)
    assert fault.startswith("edited: revision 1 of brand diageo is not what was written")
    assert told.endswith(": 1 fault")
    assert not (tmp_path / "heads.json").exists()


async def test_kept_heads_tell_of_what_was_cut_off(
    audit: AuditCommands, postgres: EmbeddedPostgres, capsys: Printed, tmp_path: Path
) -> None:
    heads = tmp_path / "heads.json"
    await audit.verify(save=heads)
    await spoil(postgres, "DELETE FROM audit_event WHERE object_kind = 'brand'")
    await spoil(postgres, "DELETE FROM brand_version")
    capsys.readouterr()

    assert await audit.verify() == 0
    assert await audit.verify(against=heads) == 1

    assert printed(capsys)[1].startswith("vanished: brand diageo had reached revision 1")


async def test_file_of_heads_that_is_none_is_refused(audit: AuditCommands, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text('{"heads": []}')

    with pytest.raises(Invalid, match="audit verify --save"):
        await audit.verify(against=file)
