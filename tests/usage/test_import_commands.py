"""`aiqc import-logs`, as far as the usage service owns it."""

import gzip
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from rich.console import Console
from yarl import URL

from libs.api.call import Caller
from libs.api.usage import UsageApi
from libs.problems import Conflict, Invalid, UpstreamFailed
from services.usage.import_commands import ImportOptions, find_logs, import_logs
from tests.factories import admin
from tests.usage.conftest import Usage

LINE = b'{"event": "user_login", "timestamp": "2026-01-26T08:%02d", "user_email": "a@b.example"}\n'
NO_OPTIONS = ImportOptions()


@pytest.fixture
async def api(usage: Usage) -> AsyncIterator[UsageApi]:
    token = usage.trust.bearer("usage", admin()).removeprefix("Bearer ")
    async with ClientSession() as session:
        yield UsageApi(Caller(session, usage.client.make_url("/"), lambda: token))


async def _run(api: UsageApi, *paths: Path, options: ImportOptions = NO_OPTIONS) -> tuple[int, str]:
    shown = io.StringIO()
    notes = Console(file=io.StringIO(), force_terminal=True)
    code = await import_logs(api, paths, options, Console(file=shown, width=200), notes)
    return code, shown.getvalue()


def _line_of(shown: str, label: str) -> str:
    [line] = [line for line in shown.splitlines() if line.strip().startswith(label)]
    return line.split()[-1]


async def test_folder_is_imported_and_each_line_accounted_for(
    api: UsageApi, tmp_path: Path
) -> None:
    (tmp_path / "2026-01-27.jsonl").write_bytes(LINE % 2 + b"\x1b[31mrubbish\n" + LINE % 1)
    (tmp_path / "2026-01-26.jsonl").write_bytes(LINE % 1 + b"\n")
    (tmp_path / "2026-01-28.jsonl.gz").write_bytes(
        gzip.compress(LINE % 3) + gzip.compress(LINE % 4)
    )
    (tmp_path / "usage.json").write_text("not asked for")

    code, shown = await _run(api, tmp_path)

    assert code == 0
    assert _line_of(shown, "files") == "3"
    assert _line_of(shown, "lines") == "7"
    assert _line_of(shown, "imported") == _line_of(shown, "user_login") == "4"
    assert _line_of(shown, "duplicates") == _line_of(shown, "blank") == "1"
    assert _line_of(shown, "skipped  ") == _line_of(shown, "not JSON") == "1"
    named = f"skipped {tmp_path}/2026-01-27.jsonl:2: not JSON (expected value at line 1 column 1)"
    assert f"{named}: \\x1b[31mrubbish" in shown


async def test_dry_run_says_would(api: UsageApi, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINE % 1)

    _, dry = await _run(api, tmp_path, options=ImportOptions(dry_run=True))
    _, wet = await _run(api, tmp_path)

    assert _line_of(dry, "would be imported") == _line_of(wet, "imported") == "1"


async def test_json_tells_all_of_it(
    api: UsageApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_bytes(b"rubbish\n" * 60)

    code, shown = await _run(api, tmp_path, options=ImportOptions(json=True))

    told = json.loads(capsys.readouterr().out)
    assert (code, shown) == (0, "")
    assert (told["skipped"], len(told["skipped_lines"])) == (120, 100)


async def test_lines_beyond_a_hundred_are_counted_in_words(api: UsageApi, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"rubbish\n" * 1_250)

    _, shown = await _run(api, tmp_path / "a.jsonl")

    assert shown.endswith("… and 1,150 more lines were skipped\n")


async def test_damaged_file_is_imported_up_to_the_damage_and_named(
    api: UsageApi, tmp_path: Path
) -> None:
    packed = gzip.compress(b"".join(LINE % (n % 60) for n in range(20)), compresslevel=0)
    damaged = tmp_path / "a.jsonl.gz"
    damaged.write_bytes(packed[: len(packed) // 2])
    (tmp_path / "b.jsonl.gz").write_bytes(b"this is not packed at all")

    code, shown = await _run(api, tmp_path)

    assert code == 1
    assert _line_of(shown, "the rest of the file cannot be read") == "2"
    assert f"skipped {damaged}:end: the rest of the file cannot be read (Compressed file" in shown


def test_links_lead_to_logs_and_each_file_counts_once(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "b.jsonl").write_bytes(LINE % 1)
    (logs / "a.jsonl.gz").write_bytes(gzip.compress(LINE % 2))
    (tmp_path / "link").symlink_to(logs)

    found = find_logs([tmp_path / "link", tmp_path / "link" / "b.jsonl"])

    assert [path.name for path in found] == ["a.jsonl.gz", "b.jsonl"]


def test_what_cannot_be_read_is_said_before_anything_is_imported(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINE % 1)
    (tmp_path / "empty").mkdir()
    (tmp_path / "dead.jsonl").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.jsonl").mkdir()

    for path, words in {
        tmp_path / "missing": "Cannot read .*missing: No such file or directory. Nothing was",
        tmp_path / "empty": r"There is no \*.jsonl or \*.jsonl.gz in .*empty",
        tmp_path / "dead.jsonl": "Cannot read .*dead.jsonl: No such file or directory",
        tmp_path: "Cannot read .*dead.jsonl",
        Path("/dev/null"): "/dev/null is neither a file nor a folder of logs",
    }.items():
        with pytest.raises(Invalid, match=words):
            find_logs([tmp_path / "a.jsonl", path])


async def test_packed_usage_json_is_read_as_what_it_is(api: UsageApi, tmp_path: Path) -> None:
    row = {"day": "2026-01-26", "model": "gpt-4o", "service": "openai", "requests": 1, "cost": 1}
    packed = tmp_path / "usage.json.gz"
    packed.write_bytes(gzip.compress(json.dumps({"daily_usage": [row]}).encode()))

    code, shown = await _run(api, packed)

    assert (code, _line_of(shown, "imported")) == (0, "1")


async def test_what_was_done_before_a_refusal_is_shown(api: UsageApi, tmp_path: Path) -> None:
    row = {"day": "2026-01-26", "model": "gpt-4o", "service": "openai", "requests": 1, "cost": 1}
    (tmp_path / "usage.json").write_text(json.dumps({"daily_usage": [row]}))
    (tmp_path / "a.jsonl").write_bytes(LINE % 1)
    (tmp_path / "b.jsonl").write_bytes(LINE.replace(b"user_login", b"analysis_complete") % 1)
    await _run(api, tmp_path / "usage.json")

    shown = io.StringIO()
    with pytest.raises(Conflict, match="--allow-overlap"):
        await import_logs(
            api,
            [tmp_path],
            ImportOptions(),
            Console(file=shown),
            Console(file=io.StringIO()),
        )
    code, _ = await _run(api, tmp_path, options=ImportOptions(allow_overlap=True))

    assert _line_of(shown.getvalue(), "imported") == "1"
    assert code == 0


async def test_service_that_is_away_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINE % 1)
    async with ClientSession() as session:
        api = UsageApi(Caller(session, URL("http://127.0.0.1:9")))
        with pytest.raises(
            UpstreamFailed,
            match="broke off, for the usage service does not answer",
        ):
            await _run(api, tmp_path)
