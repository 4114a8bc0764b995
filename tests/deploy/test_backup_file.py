"""Rules of the file of a backup: read back as written, and nothing else is taken for one."""

import asyncio
import io
import json
import tarfile
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from deploy import CannotStart
from deploy.backup_file import BackupWriter, open_backup
from deploy.backup_words import contents_in_words
from deploy.manifest import FORMAT, Contents, Ledger, Manifest, refuse_later_version

OBJECT = "objects/ab/" + "ab" * 32
SECRET = b'{"gateway": "s3cret"}'
PARTS = {
    "database/usage.dump": b"PGDMP" * 400_000,
    OBJECT: bytes(range(256)),
    "objects/empty": b"",
    "archive/2026-01/entries.parquet": b"PAR1",
    "secrets/keys.json": SECRET,
}


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 700_001):
        yield content[start : start + 700_001]


def manifest_of(writer: BackupWriter, **changes: object) -> Manifest:
    return Manifest.model_validate(
        {
            "format": FORMAT,
            "aiqc_version": "0.1.0",
            "created_at": datetime(2026, 11, 27, tzinfo=UTC),
            "postgres_major": 18,
            "dumped_by_major": 18,
            "role_prefix": "",
            "other_roles": [],
            "with_secrets": True,
            "elsewhere": {},
            "contents": Contents(),
            "members": writer.members,
        }
        | changes
    )


def sum_of(manifest: bytes) -> bytes:
    return f"{sha256(manifest).hexdigest()}  manifest.json\n".encode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "backup.tar"

    async def write() -> None:
        with path.open("w+b") as file:
            writer = BackupWriter(file)
            for name, content in PARTS.items():
                await writer.add(name, chunks(content))
            writer.finish(manifest_of(writer))

    asyncio.run(write())
    return path


async def check(path: Path) -> dict[str, bytes]:
    with open_backup(path) as backup:
        await backup.verify(lambda _what, _done, _total: None)
        return {
            name: b"".join([chunk async for chunk in backup.read(name)])
            for name in backup.manifest.members
        }


async def test_what_was_written_is_read_back(file: Path) -> None:
    assert await check(file) == PARTS


def test_cost_is_told_as_reports_tell_it_and_what_is_not_in_it(file: Path) -> None:
    ledger = Ledger(entries=1_200, cost_usd=Decimal("12.3400"))
    with open_backup(file) as backup:
        held = backup.manifest.model_copy(update={"contents": Contents(ledger=ledger)})
    told = contents_in_words(held)
    told_without_archive = contents_in_words(held.model_copy(update={"members": {}}))

    assert "ledger     1,200 entries, 12.34 USD besides the archived months" in told
    assert "ledger     1,200 entries, 12.34 USD\n" in told_without_archive


async def test_tar_gets_everything_out_too(file: Path) -> None:
    with tarfile.open(file) as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
        modes = {member.mode for member in tar}

    manifest = found.pop("manifest.json")
    assert found.pop("manifest.sha256") == sum_of(manifest)
    assert json.loads(manifest)["format"] == 1
    assert found == PARTS and modes == {0o600}


def test_every_wrong_byte_is_noticed(file: Path) -> None:
    whole = file.read_bytes()
    places = [*range(0, len(whole), 200_003), *range(len(whole) - 5000, len(whole), 11)]
    for place in places:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x01]) + whole[place + 1 :])
        with pytest.raises(CannotStart):
            asyncio.run(check(file))
    file.write_bytes(whole)
    assert asyncio.run(check(file)) == PARTS


@pytest.mark.parametrize("share", [0.0, 0.2, 0.9, 0.999, 0.99999])
def test_file_that_is_cut_off_is_no_backup(file: Path, share: float) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(CannotStart, match=r"no whole backup"):
        asyncio.run(check(file))


async def test_nothing_may_follow_the_end(file: Path) -> None:
    with file.open("ab") as end:
        end.write(bytes(512))
    with pytest.raises(CannotStart, match="no whole backup"):
        await check(file)


def link(kind: bytes) -> Callable[[tarfile.TarInfo], None]:
    def change(member: tarfile.TarInfo) -> None:
        member.type, member.linkname = kind, "/etc/passwd"

    return change


def named(name: str) -> Callable[[tarfile.TarInfo], None]:
    def change(member: tarfile.TarInfo) -> None:
        member.name = name

    return change


HOSTILE = {
    "absolute": named("/etc/cron.d/x"),
    "upwards": named("objects/../../x"),
    "upwards at the end": named("objects/x/.."),
    "here": named("objects/./x"),
    "double slash": named("objects//etc/x"),
    "backslash": named("objects/..\\x"),
    "line end": named("objects/a\nb"),
    "another secret": named("secrets/authorized_keys"),
    "another dump": named("database/postgres.dump"),
    "folder": named("objects/"),
    "foreign": named("running.json"),
    "long name": named("objects/" + "a" * 300),
    "link": link(tarfile.SYMTYPE),
    "hard link": link(tarfile.LNKTYPE),
    "device": link(tarfile.CHRTYPE),
    "block device": link(tarfile.BLKTYPE),
    "pipe": link(tarfile.FIFOTYPE),
    "directory": link(tarfile.DIRTYPE),
    "sparse": link(tarfile.GNUTYPE_SPARSE),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
async def test_hostile_member_is_refused(tmp_path: Path, kind: str, form: int) -> None:
    hostile = tmp_path / "hostile.tar"
    with tarfile.open(hostile, "w", format=form) as tar:
        member = tarfile.TarInfo("objects/x")
        HOSTILE[kind](member)
        tar.addfile(member)

    with pytest.raises(CannotStart, match=r"which no backup has|not from AI QC"):
        await check(hostile)


@pytest.mark.parametrize("name", ["manifest.json", "objects/x", "pax", "long"])
async def test_size_that_is_not_there_costs_no_memory(tmp_path: Path, name: str) -> None:
    member = tarfile.TarInfo("objects/x" if name in ("pax", "long") else name)
    member.type = {"pax": tarfile.XHDTYPE, "long": tarfile.GNUTYPE_LONGNAME}.get(
        name, tarfile.REGTYPE
    )
    member.size = 1 << 50
    bomb = tmp_path / "bomb.tar"
    bomb.write_bytes(member.tobuf(tarfile.GNU_FORMAT) + bytes(1024))

    with pytest.raises(CannotStart):
        await check(bomb)


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
async def test_compressed_file_is_not_unpacked(file: Path, tmp_path: Path, kind: str) -> None:
    packed = tmp_path / f"packed.{kind}"
    with tarfile.open(packed, f"w:{kind}") as tar:  # type: ignore[call-overload]
        tar.addfile(tarfile.TarInfo("manifest.json"), io.BytesIO(b""))

    with pytest.raises(CannotStart, match="not from AI QC"):
        await check(packed)


async def test_member_twice_or_one_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    for name, count, words in (("objects/x", 2, "goes wrong"), ("objects/y", 1, "damaged")):
        path = tmp_path / f"{count}.tar"
        with path.open("w+b") as file:
            writer = BackupWriter(file)
            for _ in range(count):
                await writer.add(name, chunks(b"x"))
            writer.members.pop("objects/y", None)
            writer.finish(manifest_of(writer))
        with pytest.raises(CannotStart, match=words):
            await check(path)


async def test_name_that_could_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    with (tmp_path / "x").open("w+b") as file:
        writer = BackupWriter(file)
        for name in ("objects/" + "a" * 120, "objects/../x", "objects/a\\b"):
            with pytest.raises(CannotStart, match="cannot be kept"):
                await writer.add(name, chunks(b""))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "has format 2 and this AI QC reads format 1"),
        ({"surprise": True}, "wrong at surprise"),
        ({"contents": {"migrations": {"evil": {}}}}, "wrong at contents.migrations"),
        ({"members": {OBJECT: {"sha256": "x", "size_bytes": -1}}}, "wrong at members"),
    ],
)
async def test_manifest_of_another_form_is_refused(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    path = tmp_path / "b.tar"
    with path.open("w+b") as file:
        writer = BackupWriter(file)
        text = json.dumps(json.loads(manifest_of(writer).model_dump_json()) | changes).encode()
        for name, content in (("manifest.json", text), ("manifest.sha256", sum_of(text))):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o600
            header = member.tobuf(tarfile.GNU_FORMAT)
            file.write(header + content + bytes(-len(content) % 512))
        file.write(bytes(1024))
    with pytest.raises(CannotStart, match=words):
        await check(path)


@pytest.mark.parametrize("path", [".", "/nowhere/backup.tar"])
async def test_what_cannot_be_read_is_said(path: str) -> None:
    with pytest.raises(CannotStart, match="cannot read"):
        await check(Path(path))


def test_backup_of_an_earlier_version_is_taken_and_of_a_later_one_is_not() -> None:
    known = {"usage": {"0001_a.sql": "", "0002_b.sql": ""}}
    digests = {"usage/0001_a.sql": "1", "usage/0002_b.sql": "2"}

    def taken(**applied: str) -> Manifest:
        migrations = {"usage": {f"{name}.sql": digest for name, digest in applied.items()}}
        with io.BytesIO() as file:
            writer = BackupWriter(file)
            contents = Contents(migrations=migrations)
            return manifest_of(writer, contents=contents, aiqc_version="9.9")

    refuse_later_version(taken(**{"0001_a": "1"}), known, digests)
    with pytest.raises(CannotStart, match=r"AI QC 9\.9, which is newer .* usage has 0003_c\.sql"):
        refuse_later_version(taken(**{"0001_a": "1", "0003_c": "3"}), known, digests)
    with pytest.raises(CannotStart, match="is not the one here"):
        refuse_later_version(taken(**{"0001_a": "edited"}), known, digests)
