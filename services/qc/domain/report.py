"""What the report of an analysis shows, as text and places: findings numbered, boxes, facts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from libs.contracts.qc import Analysis, CheckResult, Finding, Preview, Region, Suspicion
from services.qc.domain.numbered_boxes import LABEL_SHARE, Box, Mark, boxes_on

SEVERITIES = ("critical", "major", "minor")
STATES = ("failed", "error", "unsure", "missing_input", "passed", "not_applicable", "skipped")
MAX_MEASURED_CHARS = 1_500


@dataclass(frozen=True, slots=True)
class Pictures:
    """JPEGs by page and by name of a crop; one may be missing."""

    pages: Mapping[int, bytes] = field(default_factory=dict)
    crops: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reported:
    """One file of the report: its analysis and its pictures, or why there is none."""

    name: str
    analysis: Analysis | None = None
    pictures: Pictures = field(default_factory=Pictures)
    why: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding under its number; `view` is its region and some margin, in pixels of the page."""

    number: int
    check_id: str
    finding: Finding
    where: str
    view: str | None
    preview: Preview | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of the strip; `boxes` are drawn on it where it is shown large."""

    number: int
    type: str
    why: str
    preview: Preview | None
    boxes: Sequence[Box]
    remarks: int

    @property
    def label_px(self) -> float:
        """Height of a number on this page."""
        side = max(self.preview.width_px, self.preview.height_px) if self.preview else 0
        return round(side * LABEL_SHARE, 1)


def remarks_of(analysis: Analysis) -> list[Remark]:
    """Every finding, the worst first, then by page; numbered in that order."""
    found = [(finding, result) for result in analysis.checks for finding in result.findings]
    found.sort(key=lambda pair: (SEVERITIES.index(pair[0].severity), pair[0].page))
    previews = {preview.page: preview for preview in analysis.previews}
    return [
        Remark(
            number=number,
            check_id=result.check_id,
            finding=finding,
            where=where_of(finding, analysis.creative.pages),
            view=_view(finding.region, previews.get(finding.page)),
            preview=previews.get(finding.page),
        )
        for number, (finding, result) in enumerate(found, start=1)
    ]


def suspicion_in_words(suspicion: Suspicion) -> str:
    """Where words stand that give orders, what they ask for, and what they are."""
    page = f", page {suspicion.page}" if suspicion.page else ""
    words = f" “{suspicion.words}”" if suspicion.words else ""
    return f"Suspected order ({suspicion.where}{page}). {suspicion.why}{words}"


def sheets_of(analysis: Analysis, remarks: Sequence[Remark]) -> list[Sheet]:
    """Every page in order, as far as there is something to say or to show of it."""
    previews = {preview.page: preview for preview in analysis.previews}
    told = {page.number: page for page in analysis.creative.strip}
    pages = sorted(previews.keys() | told.keys() | {r.finding.page for r in remarks})
    return [
        Sheet(
            number=page,
            type=told[page].type if page in told else "",
            why=told[page].why if page in told else "",
            preview=previews.get(page),
            boxes=list(boxes_on(previews.get(page), map(_mark, remarks))),
            remarks=sum(remark.finding.page == page for remark in remarks),
        )
        for page in pages
    ]


def shown_large(sheets: Sequence[Sheet]) -> list[Sheet]:
    """The pages with findings to draw; the first one that can be shown when there are none."""
    drawn = [sheet for sheet in sheets if sheet.preview]
    return [sheet for sheet in drawn if sheet.boxes] or drawn[:1]


def _mark(remark: Remark) -> Mark:
    finding = remark.finding
    says = f"{remark.number}. {remark.check_id}: {finding.message}"
    return remark.number, finding.severity, says, finding


def _view(region: Region | None, preview: Preview | None) -> str | None:
    if not region or not preview:
        return None
    x, y = region.x * preview.width_px, region.y * preview.height_px
    width, height = region.w * preview.width_px, region.h * preview.height_px
    margin = max(12.0, 0.15 * max(width, height))
    left, top = max(0.0, x - margin), max(0.0, y - margin)
    right = min(preview.width_px, x + width + margin)
    bottom = min(preview.height_px, y + height + margin)
    return f"{left:.1f} {top:.1f} {right - left:.1f} {bottom - top:.1f}"


def where_of(finding: Finding, pages: int) -> str:
    """Page and place, of a file of so many pages; empty where there is nothing to tell."""
    words = [f"page {finding.page}"] if pages > 1 else []
    if region := finding.region:
        about = "about " if finding.approximate else ""
        words.append(f"{about}{region.x:.0%} from the left, {region.y:.0%} from the top")
    return ", ".join(words)


def worst_first(results: Sequence[CheckResult]) -> list[CheckResult]:
    return sorted(results, key=lambda result: (STATES.index(result.state), result.check_id))


def measured_in_words(result: CheckResult) -> str:
    """Measurements on one line, cut when they are long."""
    words = "; ".join(
        f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in result.measurements.items()
    )
    return words if len(words) <= MAX_MEASURED_CHARS else f"{words[:MAX_MEASURED_CHARS]} …"


def took(result: CheckResult) -> str:
    if result.cached:
        return "kept"
    return "" if result.duration_ms is None else f"{result.duration_ms / 1000:.2f} s"


def facts_of(analysis: Analysis) -> list[tuple[str, str]]:
    """Name and value of what identifies the analysis; what is not known is left out."""
    creative, given = analysis.creative, analysis.given
    pages = f", {creative.pages} pages" if creative.pages > 1 else ""
    lasts = f", {creative.duration_s:g} s" if creative.duration_s else ""
    size = f"{creative.width_px} × {creative.height_px} px{pages}{lasts}"
    used = ", ".join(f"{a.name} ({a.kind}, version {a.version})" for a in given.assets)
    found = [
        ("Client", analysis.client_id),
        ("Profile", f"{analysis.profile_id}, version {analysis.profile_version}"),
        ("Only these checks", ", ".join(analysis.only)),
        ("File", f"{creative.format}, {size}, {bytes_in_words(creative.bytes)}"),
        ("Placement", given.placement),
        ("Market", given.market),
        ("Media plan", given.plan),
        ("Compared with", used),
        ("Previous analysis", str(given.previous) if given.previous else None),
        ("Checked", moment(analysis.finished_at or analysis.created_at)),
        ("From upload to verdict", _seconds(analysis.duration_ms)),
        ("Cost", cost_of(analysis)),
        ("Analysis", str(analysis.analysis_id)),
        ("File, SHA-256", creative.sha256),
        ("Profile version, SHA-256", analysis.profile_hash),
    ]
    return [(name, value) for name, value in found if value]


def cost_of(analysis: Analysis) -> str:
    """Every digit of the ledger's figure; how many calls are not in it."""
    known = "unknown" if analysis.cost_usd is None else f"${analysis.cost_usd.normalize():f}"
    calls = calls_in_words(analysis.unknown_calls)
    return f"{known}, and {calls} of unknown cost" if analysis.unknown_calls else known


def calls_in_words(count: int) -> str:
    return "1 call" if count == 1 else f"{count:,} calls"


def usd(cost: Decimal | None) -> str:
    """Every digit that counts; a dash for what costs nothing or is not known."""
    return f"${cost.normalize():f}" if cost else "–"


def bytes_in_words(count: int) -> str:
    if count < 1_000:
        return f"{count} bytes"
    return f"{count / 1_000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def number_in_words(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _seconds(duration_ms: int | None) -> str | None:
    return None if duration_ms is None else f"{duration_ms / 1000:.2f} s"
