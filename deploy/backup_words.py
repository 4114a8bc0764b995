"""What `aiqc backup` and `aiqc restore` tell a person: a bar while they work, and the outcome."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.backup_file import Show
from deploy.manifest import Manifest


@contextmanager
def progress(console: Console) -> Iterator[Show]:
    """A bar on a terminal; nothing elsewhere, so that cron has nothing to mail."""
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        yield show


def contents_in_words(manifest: Manifest) -> str:
    """One line for each kind of thing, as a person compares them with what they know."""
    held = manifest.contents
    archived = any(name.startswith("archive/") for name in manifest.members)
    cost = f"{held.ledger.cost_usd.normalize():f} USD"
    cost += " besides the archived months" if archived else ""
    lines = [
        f"taken      {manifest.created_at:%Y-%m-%d %H:%M:%S} UTC by AI QC {manifest.aiqc_version}, "
        f"PostgreSQL {manifest.postgres_major}",
        f"database   {held.rows:,} rows in {len(held.tables)} tables",
        f"ledger     {held.ledger.entries:,} entries, {cost}",
    ]
    for folder, word in (("objects", "originals"), ("archive", "archive")):
        count = sum(name.startswith(f"{folder}/") for name in manifest.members)
        away = manifest.elsewhere.get(folder)
        said = f"NOT in this backup: they are at {away}" if away else f"{count:,} files"
        lines.append(f"{word:<10} {said}")
    lines.append(f"secrets    {'keys and role passwords' if manifest.with_secrets else 'none'}")
    return "\n".join(lines)


def size_in_words(file: Path) -> str:
    return f"{file.stat().st_size / 1e6:,.1f} MB"
