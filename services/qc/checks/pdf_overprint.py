"""Faults of overprint and black: white that vanishes, small type in several inks, wrong knock-out.

The rules are those of GWG 2015: white text and paths in overprint, 100 % black text, rich black
text, the colour All.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from libs.contracts.qc import Finding
from services.qc.checks.pdf_judging import Grounds, artwork_marks, finding
from services.qc.preflight.geometry import grown, inside

if TYPE_CHECKING:
    from services.qc.preflight.facts import Colour, Mark, PageFacts

BLACK_FROM = 0.85
TRACE = 0.015
MARKS_REACH_PT = 1.0


def overprint_findings(
    page: "PageFacts", rich_below_pt: float, overprint_below_pt: float
) -> Iterator[Finding]:
    """One for each kind of fault on the page, at its first place."""
    told: set[str] = set()
    grounds = Grounds()
    for mark in artwork_marks(page):
        for found in _faults(page, mark, rich_below_pt, overprint_below_pt, grounds):
            if found.message not in told:
                told.add(found.message)
                yield found
        grounds.add(mark)


def _faults(
    page: "PageFacts",
    mark: "Mark",
    rich_below_pt: float,
    overprint_below_pt: float,
    grounds: Grounds,
) -> Iterator[Finding]:
    yield from _white(page, mark)
    yield from _registration(page, mark)
    size = mark.text.size_pt if mark.text and not mark.text.is_invisible else None
    if size is not None and mark.fill is not None:
        if size < rich_below_pt and _is_rich_black(mark.fill):
            yield _rich_black(page, mark, size, rich_below_pt)
        if size < overprint_below_pt and _knocks_out(mark, mark.fill, grounds):
            yield _knock_out(page, mark, size, overprint_below_pt)
    yield from _mode(page, mark)


def _white(page: "PageFacts", mark: "Mark") -> Iterator[Finding]:
    filled = mark.fill and mark.fill.is_white and mark.look.fill_overprint
    stroked = mark.stroke and mark.stroke.is_white and mark.look.stroke_overprint
    if (filled or stroked) and mark.kind in ("text", "path"):
        yield finding(
            "critical",
            f"White {'text' if mark.kind == 'text' else 'artwork'} overprints: it vanishes.",
            "white, overprint on",
            "white knocks out",
            "Turn overprint off for white.",
            page,
            mark.box,
        )


def _registration(page: "PageFacts", mark: "Mark") -> Iterator[Finding]:
    """The colour All belongs to marks outside the page."""
    all_inks = any("All" in colour.space.inks for colour in mark.colours())
    shown = page.bleed or page.trim or page.crop
    if all_inks and inside(mark.box, grown(shown, MARKS_REACH_PT)):
        yield finding(
            "major",
            "Artwork is set in the registration colour, which prints in every ink.",
            "All",
            "the registration colour is for marks outside the page only",
            "Set it in black.",
            page,
            mark.box,
        )


def _is_rich_black(colour: "Colour") -> bool:
    plates = colour.plates() or {}
    others = [share for ink, share in plates.items() if ink != "Black"]
    return plates.get("Black", 0.0) >= BLACK_FROM and any(share > TRACE for share in others)


def _rich_black(page: "PageFacts", mark: "Mark", size: float, below: float) -> Finding:
    plates = (mark.fill.plates() if mark.fill else None) or {}
    inks = ", ".join(f"{ink} {100 * share:.0f} %" for ink, share in plates.items())
    return finding(
        "major",
        "Small text is set in a black of several inks, which blurs when they do not meet.",
        f"{size:.1f} pt in {inks}",
        f"100 % black alone below {below:g} pt",
        "Set it in 100 % black.",
        page,
        mark.box,
    )


def _knocks_out(mark: "Mark", fill: "Colour", grounds: Grounds) -> bool:
    """Black text with something beneath it: on bare paper nothing is knocked out."""
    if mark.look.fill_overprint or not fill.is_black_only:
        return False
    return grounds.beneath(mark)


def _knock_out(page: "PageFacts", mark: "Mark", size: float, below: float) -> Finding:
    return finding(
        "minor",
        "Small black text knocks out what is beneath, which may leave white edges.",
        f"{size:.1f} pt, overprint off",
        f"100 % black text below {below:g} pt overprints",
        "Let black overprint on export.",
        page,
        mark.box,
    )


def _mode(page: "PageFacts", mark: "Mark") -> Iterator[Finding]:
    if not mark.look.fill_overprint or mark.look.overprint_mode != 0 or mark.fill is None:
        return
    if mark.fill.space.kind == "DeviceCMYK" and 0.0 in mark.fill.values and not mark.fill.is_white:
        yield finding(
            "minor",
            "CMYK artwork overprints in mode 0, in which it knocks out all the same.",
            "overprint mode 0",
            "overprint mode 1",
            "Export again from a current program; it sets the mode.",
            page,
            mark.box,
        )
