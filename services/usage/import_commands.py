"""`aiqc import-logs`: which files, how far, and what became of each line."""

import zlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from gzip import GzipFile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from libs.api.usage import UsageApi
from libs.contracts.imports import MAX_SHOWN, Imported, ImportQuery, LogKind, SkippedLine
from libs.problems import Invalid, UpstreamFailed
from services.usage.domain.report import WIDE, exact_sum

CHUNK_BYTES = 1 << 18
LOGS = ("*.jsonl", "*.jsonl.gz")
DAMAGED = "the rest of the file cannot be read"
BROKEN = (OSError, EOFError, zlib.error)
INCOMPLETE = 1


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Flags of `aiqc import-logs`.

    Parameters
    ----------
    dry_run
        Read everything and say what would be imported, but write nothing.
    allow_overlap
        Import days that the other old tracker has brought already: its calls are others.
    json
        Print what was done as JSON.
    """

    dry_run: bool = False
    allow_overlap: bool = False
    json: bool = False


@dataclass(slots=True)
class Log:
    """One file on its way. `broken` says why it could not be read to its end."""

    path: Path
    sent_bytes: int = 0
    broken: str = ""

    @property
    def kind(self) -> LogKind:
        return "usage_json" if self.path.name.removesuffix(".gz").endswith(".json") else "jsonl"

    async def chunks(self) -> AsyncIterator[bytes]:
        """The log's bytes, unpacked. A damaged file ends where it cannot be read on."""
        try:
            with self.path.open("rb") as file:
                content = GzipFile(fileobj=file) if self.path.suffix == ".gz" else file
                while chunk := content.read(CHUNK_BYTES):
                    self.sent_bytes = file.tell()
                    yield chunk
        except BROKEN as error:
            self.broken = str(error) or type(error).__name__

    def skipped_rest(self) -> Imported:
        """What the summary says of a file that broke off."""
        lost = SkippedLine(
            file=str(self.path), place="end", reason=DAMAGED, detail=self.broken, text=""
        )
        return Imported(lines=1, skipped=1, reasons={DAMAGED: 1}, skipped_lines=[lost])


async def import_logs(
    api: UsageApi, paths: Sequence[Path], options: ImportOptions, screen: Console, notes: Console
) -> int:
    """Import the logs and show what became of each line.

    Returns 0, also when lines could not count, for some always are corrupt; 1 when a file
    could not be read to its end. A Problem is raised after what was done before it is shown.
    """
    logs = [Log(path) for path in find_logs(paths)]
    done: list[Imported] = []
    try:
        with _bar(notes) as bar:
            for log in logs:
                done += await _import(api, log, options, bar)
    finally:
        result = combined(done)
        if options.json:
            print(result.model_dump_json(indent=2))
        elif done:
            _show(result, len(logs), screen)
    return INCOMPLETE if DAMAGED in result.reasons else 0


def find_logs(paths: Iterable[Path]) -> list[Path]:
    """The logs that these paths mean, each once. Raises Invalid before anything is imported.

    A folder means its `*.jsonl` and `*.jsonl.gz` in the order of their names. `usage.json`
    has to be named: it is another tracker's view of the same calls.
    """
    found: dict[Path, None] = {}
    for path in paths:
        logs = [path]
        if path.is_dir():
            logs = sorted(log for form in LOGS for log in path.glob(form))
            if not logs:
                raise Invalid("no_logs", f"There is no *.jsonl or *.jsonl.gz in {path}.")
        for log in logs:
            _refuse_unreadable(log)
        found |= dict.fromkeys(logs)
    return list(found)


def _refuse_unreadable(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise Invalid("no_such_file", f"{path} is neither a file nor a folder of logs.")
    try:
        path.open("rb").close()
    except OSError as error:
        why = error.strerror or str(error)
        raise Invalid("cannot_read", f"Cannot read {path}: {why}. Nothing was imported.") from error


async def _import(api: UsageApi, log: Log, options: ImportOptions, bar: Progress) -> list[Imported]:
    task = bar.add_task(log.path.name, total=log.path.stat().st_size)

    async def watched() -> AsyncIterator[bytes]:
        async for chunk in log.chunks():
            yield chunk
            bar.update(task, completed=log.sent_bytes)

    query = ImportQuery(
        file=str(log.path),
        kind=log.kind,
        dry_run=options.dry_run,
        allow_overlap=options.allow_overlap,
    )
    try:
        result = await api.import_log(watched(), query)
    except UpstreamFailed as error:
        raise UpstreamFailed(
            error.code,
            f"The import of {log.path} broke off, for the usage service does not answer. Import it "
            "again when it does: lines that are in the ledger by now do not count twice.",
        ) from error
    bar.update(task, visible=False)
    return [result, log.skipped_rest()] if log.broken else [result]


def combined(results: Sequence[Imported]) -> Imported:
    """What became of the lines of all files."""
    totals: Counter[str] = Counter()
    maps: dict[str, Counter[str]] = {name: Counter() for name in ("reasons", "kinds")}
    for result in results:
        said = result.model_dump(exclude={"dry_run", "cost_usd"})
        totals.update({name: value for name, value in said.items() if isinstance(value, int)})
        for name, counter in maps.items():
            counter.update(said[name])
    firsts = [result.first_on for result in results if result.first_on]
    lasts = [result.last_on for result in results if result.last_on]
    return Imported(
        dry_run=any(result.dry_run for result in results),
        cost_usd=exact_sum(result.cost_usd for result in results),
        skipped_lines=[line for result in results for line in result.skipped_lines][:MAX_SHOWN],
        first_on=min(firsts, default=None),
        last_on=max(lasts, default=None),
        left_out={name: value for result in results for name, value in result.left_out.items()},
        **{name: dict(counter.most_common()) for name, counter in maps.items()},
        **totals,
    )


def _show(result: Imported, files: int, screen: Console) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for label, figure in _figures(result, files):
        table.add_row(Text(label), Text(figure))
    screen.print(table)
    for line in result.skipped_lines:
        detail = f" ({line.detail})" if line.detail else ""
        said = f": {line.text}" if line.text else ""
        screen.print(
            Text(f"skipped {line.file}:{line.place}: {line.reason}{detail}{said}"), soft_wrap=True
        )
    if more := result.skipped - len(result.skipped_lines):
        screen.print(f"… and {more:,} more lines were skipped")


def _figures(result: Imported, files: int) -> Iterable[tuple[str, str]]:
    would = "would be " if result.dry_run else ""
    yield "files", f"{files:,}"
    yield "lines", f"{result.lines:,}"
    yield f"  {would}imported", f"{result.imported:,}"
    for kind, lines in result.kinds.items():
        yield f"    {kind}", f"{lines:,}"
    yield "  duplicates", f"{result.duplicates:,}"
    yield "  blank", f"{result.blank:,}"
    yield "  skipped", f"{result.skipped:,}"
    for reason, lines in result.reasons.items():
        yield f"    {reason}", f"{lines:,}"
    for name in result.left_out:
        yield f"  {name}", "left out: it has no day"
    if result.imported:
        yield "days", f"{result.first_on} to {result.last_on}"
        yield f"ledger entries {would}added", f"{result.entries:,}"
        yield "tokens", f"{result.total_tokens:,}"
        yield "cost", f"${result.cost_usd.normalize(WIDE):f}"


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<32.32}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
