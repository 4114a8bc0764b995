"""What became of each line of an imported log, counted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from libs.contracts.imports import MAX_SHOWN, Imported, SkippedLine
from libs.ids import instant_of
from services.usage.domain.legacy import Unit
from services.usage.domain.legacy_lines import shown
from services.usage.domain.legacy_values import Unreadable
from services.usage.domain.report import WIDE


@dataclass(slots=True)
class Tally:
    """Of one file. Each line is blank, skipped, a duplicate or imported, and nothing else."""

    file: str
    lines: int = 0
    blank: int = 0
    duplicates: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    skipped_lines: list[SkippedLine] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    sums: Counter[str] = field(default_factory=Counter)
    cost_usd: Decimal = Decimal(0)
    first_on: date = date.max
    last_on: date = date.min

    def skip(self, place: str, error: Unreadable, line: bytes) -> None:
        self.reasons[error.reason] += 1
        if len(self.skipped_lines) < MAX_SHOWN:
            why = {"reason": error.reason, "detail": error.detail[:MAX_SHOWN]}
            self.skipped_lines.append(
                SkippedLine(file=self.file, place=place, text=shown(line), **why)
            )

    def add(self, units: Sequence[Unit]) -> None:
        self.kinds.update(unit.kind for unit in units)
        self.sums["events"] += sum(unit.event is not None for unit in units)
        for unit in units:
            for entry in unit.entries:
                self.sums["entries"] += 1
                self.sums["prompt_tokens"] += entry["input_tokens"]
                self.sums["completion_tokens"] += entry["output_tokens"]
                self.sums["total_tokens"] += entry["total_tokens"]
                self.cost_usd = WIDE.add(self.cost_usd, entry["cost_usd"])
        if units:
            ids = [unit.unit_id for unit in units]
            self.first_on = min(self.first_on, instant_of(min(ids)).date())
            self.last_on = max(self.last_on, instant_of(max(ids)).date())

    def result(self, dry_run: bool) -> Imported:
        imported = self.kinds.total()
        return Imported(
            dry_run=dry_run,
            lines=self.lines,
            blank=self.blank,
            imported=imported,
            duplicates=self.duplicates,
            skipped=self.reasons.total(),
            reasons=dict(self.reasons.most_common()),
            skipped_lines=self.skipped_lines,
            kinds=dict(self.kinds.most_common()),
            cost_usd=self.cost_usd,
            first_on=self.first_on if imported else None,
            last_on=self.last_on if imported else None,
            **self.sums,
        )
