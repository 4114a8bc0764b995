"""Reports of analyses as what is drawn on A4 pages: the layout is ours, the data never markup."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from libs.contracts.qc import Analysis, CheckResult
from libs.letters import need_other_fonts
from services.qc.domain.numbered_boxes import Box
from services.qc.domain.report import (
    Pictures,
    Remark,
    Reported,
    Sheet,
    facts_of,
    moment,
    number_in_words,
    remarks_of,
    sheets_of,
    shown_large,
    suspicion_in_words,
    took,
    usd,
    worst_first,
)
from services.qc.domain.report_words import (
    before_reviews,
    found_in_words,
    overruled,
    reviews_of,
    sources_of,
    told_of,
)

MOST_SHEETS = 20
MOST_FINDINGS = 300
KEPT = "\n\u200c\u200d"
JPEG_START = b"\xff\xd8\xff"
OTHER_SCRIPTS = (
    "Some words have letters that the built-in fonts lack: where the machine has no font for "
    "them, boxes stand in their place. The HTML and JSON forms show them."
)


def pages(reported: Sequence[Reported], made_at: datetime) -> dict[str, Any]:
    """What the layout `analysis.typ` draws, as JSON can hold it. All of it is text and figures.

    An analysis has its 300 worst findings and 20 pages of pictures at most, which bounds time and
    size; what is left out is said.
    """
    reports = [_shown(place, one) for place, one in enumerate(reported, start=1)]
    title = reported[0].name if len(reported) == 1 else f"{len(reported)} creatives"
    note = OTHER_SCRIPTS if need_other_fonts(_texts(reports)) else ""
    document = {
        "title": title,
        "made_at": made_at.isoformat(timespec="seconds"),
        "made_in_words": moment(made_at),
        "note": note,
        "reports": reports,
    }
    visible: dict[str, Any] = _visible(document)
    return visible


def pictures(reported: Sequence[Reported], document: Mapping[str, Any]) -> dict[str, bytes]:
    """JPEGs by the names under which the document of `pages` asks for them, and no others."""
    asked = set(_texts(document))
    return {
        name: content
        for place, one in enumerate(reported, start=1)
        for name, content in _named(place, one.pictures)
        if name in asked
    }


def _named(place: int, pictures: Pictures) -> Iterator[tuple[str, bytes]]:
    """What is no JPEG is left out: one picture must not cost the whole print."""
    for page, content in pictures.pages.items():
        if content.startswith(JPEG_START):
            yield f"{place}-page-{page}.jpg", content
    for crop, content in pictures.crops.items():
        if content.startswith(JPEG_START):
            yield f"{place}-crop-{crop}.jpg", content


def _shown(place: int, one: Reported) -> dict[str, Any]:
    analysis = one.analysis
    if analysis is None:
        empty = dict.fromkeys(("score", "coverage", "count", "failed"), "")
        return {"name": one.name, "why": one.why or "?", "verdict": "could not run", **empty}
    remarks = remarks_of(analysis)
    drawn = {name for name, _ in _named(place, one.pictures)}
    large = [
        sheet
        for sheet in shown_large(sheets_of(analysis, remarks))
        if f"{place}-page-{sheet.number}.jpg" in drawn
    ]
    disputed = overruled(analysis.checks)
    return {
        "name": one.name,
        "why": "",
        "verdict": analysis.verdict or analysis.state,
        "score": number_in_words(analysis.score),
        "coverage": number_in_words(analysis.coverage),
        "count": f"{len(remarks)} finding{'' if len(remarks) == 1 else 's'}",
        "failed": ", ".join(r.check_id for r in analysis.checks if r.state == "failed"),
        "notes": _notes(analysis),
        "sheets": [_sheet(place, sheet, analysis) for sheet in large[:MOST_SHEETS]],
        "left_out": _left_out(len(large), len(remarks)),
        "findings": [_finding(place, r, drawn, disputed) for r in remarks[:MOST_FINDINGS]],
        "checks": [_check(result) for result in worst_first(analysis.checks)],
        "reviews": [list(row) for row in reviews_of(analysis)],
        "facts": [list(fact) for fact in (*facts_of(analysis), *sources_of(analysis))],
    }


def _notes(analysis: Analysis) -> list[str]:
    part = "A part of the profile was run: score and verdict are those of"
    notes = [
        before_reviews(analysis),
        f"{part} {', '.join(analysis.only)}." if analysis.only else "",
        analysis.reason or "",
        *map(suspicion_in_words, analysis.suspected),
        *analysis.creative.notes,
    ]
    return [note for note in notes if note]


def _left_out(sheets: int, remarks: int) -> str:
    words = [f"{sheets - MOST_SHEETS} pages"] if sheets > MOST_SHEETS else []
    words += [f"{remarks - MOST_FINDINGS} findings"] if remarks > MOST_FINDINGS else []
    return f"Left out here: {' and '.join(words)}. HTML and JSON have them." if words else ""


def _sheet(place: int, sheet: Sheet, analysis: Analysis) -> dict[str, Any]:
    preview = sheet.preview
    width, height = (preview.width_px, preview.height_px) if preview else (1, 1)
    many = analysis.creative.pages > 1
    return {
        "picture": f"{place}-page-{sheet.number}.jpg",
        "says": f"Page {sheet.number} with its findings",
        "caption": f"Page {sheet.number}" if many else "",
        "width": width,
        "height": height,
        "marks": [_mark(box, sheet.label_px, width, height) for box in sheet.boxes],
    }


def _mark(box: Box, label_px: float, width: int, height: int) -> dict[str, Any]:
    return {
        "number": box.number,
        "severity": box.look,
        "approximate": box.approximate,
        "x": box.x / width,
        "y": box.y / height,
        "w": box.width / width,
        "h": box.height / height,
        "label_x": box.label_x / width,
        "label_y": box.label_y / height,
        "label_w": box.label_width / width,
        "label_h": label_px / height,
    }


def _finding(place: int, remark: Remark, drawn: set[str], disputed: set[str]) -> dict[str, Any]:
    found = remark.finding
    crop = f"{place}-crop-{found.crop}.jpg"
    details = {
        "Measured": found.measured,
        "Rule": found.rule,
        "Evidence": found.evidence,
        "Fix": found.fix,
    }
    return {
        "number": remark.number,
        "severity": found.severity,
        "check_id": remark.check_id,
        "message": found.message,
        "where": remark.where,
        "overruled": remark.check_id in disputed,
        "picture": crop if crop in drawn else "",
        "view": _view(place, remark, drawn),
        "details": [[name, value] for name, value in details.items() if value],
    }


def _view(place: int, remark: Remark, drawn: set[str]) -> dict[str, Any] | None:
    """Where a finding without a crop of its own is on its page, in shares of the page."""
    page = f"{place}-page-{remark.finding.page}.jpg"
    if remark.view is None or remark.preview is None or page not in drawn:
        return None
    x, y, wide, high = map(float, remark.view.split())
    width, height = remark.preview.width_px, remark.preview.height_px
    shares = {"x": x / width, "y": y / height, "w": wide / width, "h": high / height}
    return {"picture": page, "ratio": width / height, **shares}


def _check(result: CheckResult) -> dict[str, Any]:
    return {
        "check_id": result.check_id,
        "critical": result.critical,
        "state": result.state.replace("_", " "),
        "found": found_in_words(result),
        "score": number_in_words(result.score),
        "weight": number_in_words(result.weight),
        "took": took(result),
        "cost": usd(result.cost_usd),
        "reason": result.reason or "",
        "measured": told_of(result),
    }


def _visible(value: Any) -> Any:
    """Every text without the marks that nobody sees: some of them turn what follows around."""
    if isinstance(value, str):
        return "".join(
            letter
            for letter in value
            if letter in KEPT or unicodedata.category(letter) not in ("Cc", "Cf", "Cs")
        )
    if isinstance(value, dict):
        return {key: _visible(inner) for key, inner in value.items()}
    return [_visible(inner) for inner in value] if isinstance(value, list) else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
