"""Two analyses on one HTML page: pictures side by side, nothing fetched, no script."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from libs.contracts.qc import Finding
from libs.contracts.review import ComparedFinding, Comparison, Side
from services.qc.domain.compare import signed, summary
from services.qc.domain.numbered_boxes import LABEL_SHARE, Mark, boxes_on
from services.qc.domain.report import Pictures, moment
from services.qc.domain.report_html import ENVIRONMENT, LAYOUTS, STYLE

MOST_PAGES = 10
PAGE_STYLE = STYLE + (LAYOUTS / "comparison.css").read_text()
Numbered = Sequence[tuple[int, ComparedFinding]]
Where = Literal["before", "after"]


def _when(side: Side) -> str:
    return moment(side.finished_at) if side.finished_at else "not ended"


def _cost(side: Side) -> str:
    return "cost unknown" if side.cost_usd is None else f"${side.cost_usd.normalize():f}"


LAYOUT = ENVIRONMENT.overlay()
LAYOUT.filters = ENVIRONMENT.filters | {"when": _when, "cost": _cost, "signed": signed}


def comparison_html(
    comparison: Comparison, pictures: tuple[Pictures, Pictures], made_at: datetime
) -> str:
    """The page, with the pictures of before and after.

    Whatever a file, a model or a person wrote is text in it, never markup.
    """
    numbers = iter(range(1, 1_000_000))
    checks = [
        {**dict(check), "findings": [(next(numbers), found) for found in check.findings]}
        for check in comparison.checks
    ]
    found = [pair for check in checks for pair in check["findings"]]
    both = (comparison.before, comparison.after)
    return LAYOUT.get_template("comparison.html.j2").render(
        style=PAGE_STYLE,
        style_sha256=b64encode(sha256(PAGE_STYLE.encode()).digest()).decode(),
        made_at=moment(made_at),
        summary=summary(comparison),
        before=comparison.before,
        after=comparison.after,
        differs=comparison.differs,
        many=any(side.creative.pages > 1 for side in both),
        pages=list(_pages(comparison, found, pictures)),
        checks=checks,
    )


def _pages(
    comparison: Comparison, found: Numbered, pictures: tuple[Pictures, Pictures]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The pages with findings on either side, the first one when there are none."""
    numbers = sorted({one.finding.page for _, one in found} | {w.page for w in _were(found)})
    for number in (numbers or [1])[:MOST_PAGES]:
        yield (
            _page(number, comparison.before, found, pictures[0], "before"),
            _page(number, comparison.after, found, pictures[1], "after"),
        )


def _were(found: Numbered) -> Iterator[Finding]:
    return (one.was for _, one in found if one.was)


def _page(
    number: int, side: Side, found: Numbered, pictures: Pictures, where: Where
) -> dict[str, Any]:
    preview = next((one for one in side.previews if one.page == number), None)
    content = pictures.pages.get(number)
    if preview is None or content is None:
        return {"number": number, "picture": ""}
    return {
        "number": number,
        "picture": f"data:image/jpeg;base64,{b64encode(content).decode()}",
        "width": preview.width_px,
        "height": preview.height_px,
        "boxes": list(boxes_on(preview, _marks(found, where))),
        "label_height": round(max(preview.width_px, preview.height_px) * LABEL_SHARE, 1),
    }


def _marks(found: Numbered, where: Where) -> Iterator[Mark]:
    for number, one in found:
        if finding := _on_side(one, where):
            yield number, one.fate, f"{number}. {finding.message}", finding


def _on_side(one: ComparedFinding, where: Where) -> Finding | None:
    if where == "before":
        return one.was or (one.finding if one.fate == "gone" else None)
    return None if one.fate == "gone" else one.finding
