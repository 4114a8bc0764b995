"""What was measured to stand somewhere: lines of text, logos, barcodes, differences.

A model draws boxes by eye. Where its box and its words fit something that was measured, the
measured place counts.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from libs.contracts.common import Reply
from libs.contracts.qc import CheckResult, Finding, Region
from services.qc.domain.geometry import covered, region_of

LandmarkKind = Literal["text", "logo", "barcode", "difference"]

MAX_LANDMARKS = 4_000
MAX_WORDS_CHARS = 400
MOST_LINES_QUOTED = 6
LEAST_QUOTED_CHARS = 3
INSIDE = 0.6
"""Share of a line that lies in the drawn box when the line is meant."""

ALIKE = 0.5
"""Overlap of two boxes (intersection over union) that stand for the same."""

FILLED = 0.3
"""Share that lines take of the box round them when they belong together."""

NEAR = 0.12
"""How far a model's box may be from words that it quotes, in shares of the page."""

QUOTED = re.compile(r"[\"“”„«»‘’'`]([^\"“”„«»‘’`]{3,200}?)[\"“”„«»‘’'`]")
DIFFERENCES = frozenset({"reference_comparison", "version_comparison"})


class Landmark(Reply):
    """`words` are those of a line or a code; of a logo, the name of its reference.

    `letter_px` is the height of a line in pixels of the file.
    """

    kind: LandmarkKind
    page: Annotated[int, Field(ge=1)] = 1
    region: Region
    words: Annotated[str, Field(max_length=MAX_WORDS_CHARS)] = ""
    letter_px: float | None = None


def landmarks_of(results: Iterable[CheckResult]) -> Iterator[Landmark]:
    """The differences that exact checks measured, from their findings."""
    for result in results:
        if result.check_id in DIFFERENCES:
            for finding in result.findings:
                if finding.region and not finding.approximate:
                    yield Landmark(
                        kind="difference", page=finding.page, region=finding.region, words=""
                    )


def snapped(finding: Finding, landmarks: Sequence[Landmark]) -> Finding:
    """The finding at the measured place that it means; `approximate` when there is none.

    Words that it quotes go before its box: they are found on the page letter by letter, and
    stand in one place only, or in one near the box.
    """
    here = [one for one in landmarks if one.page == finding.page]
    place = _of_words(finding, here) or (finding.region and _of_box(finding.region, here))
    if place:
        return finding.model_copy(update={"region": place, "approximate": False})
    return finding.model_copy(update={"approximate": finding.region is not None})


def _of_words(finding: Finding, here: Sequence[Landmark]) -> Region | None:
    lines = [(one, _letters(one.words)) for one in here if one.kind in ("text", "barcode")]
    for quote in _quotes(finding):
        places = list(_places(quote, lines))
        if finding.region:
            box = finding.region
            places = [place for place in places if _distance(box, place) <= NEAR]
            places.sort(key=lambda place: _distance(box, place))
        elif len(places) > 1:
            continue
        if places:
            return places[0]
    return None


def _quotes(finding: Finding) -> Iterator[str]:
    """What stands between quotation marks, letters and figures only; or evidence that is all of it.

    The longest first: it is in the fewest places.
    """
    told = [text for text in (finding.evidence, finding.message) if text]
    quotes = {match[1] for text in told for match in QUOTED.finditer(text)}
    if finding.evidence and not QUOTED.search(finding.evidence):
        quotes.add(finding.evidence)
    letters = {_letters(quote) for quote in quotes}
    yield from sorted((q for q in letters if len(q) >= LEAST_QUOTED_CHARS), key=lambda q: -len(q))


def _places(quote: str, lines: Sequence[tuple[Landmark, str]]) -> Iterator[Region]:
    """Lines that hold the quote, or lines that follow each other and make it up together."""
    for at, (line, letters) in enumerate(lines):
        if quote in letters and len(letters) <= 6 * len(quote):
            yield line.region
            continue
        joined, regions = letters, [line.region]
        for following, more in lines[at + 1 : at + MOST_LINES_QUOTED]:
            if not joined or not quote.startswith(joined):
                break
            joined, regions = joined + more, [*regions, following.region]
            if joined.startswith(quote):
                yield around(regions)
                break


def _of_box(box: Region, here: Sequence[Landmark]) -> Region | None:
    """The single thing that the box is drawn round, or the lines in it when they fill it."""
    alike = [(_overlap(box, one.region), one) for one in here]
    best = max(alike, key=lambda pair: pair[0], default=None)
    if best and best[0] >= ALIKE:
        return best[1].region
    inside = [one.region for one in here if covered(one.region, box) >= INSIDE]
    if not inside:
        return None
    whole = around(inside)
    filled = sum(region.w * region.h for region in inside) >= FILLED * whole.w * whole.h
    return whole if filled and _overlap(box, whole) >= ALIKE else None


def around(regions: Sequence[Region]) -> Region:
    corners = [(r.x, r.y) for r in regions] + [(r.x + r.w, r.y + r.h) for r in regions]
    return region_of(corners, 1, 1)


def _overlap(one: Region, other: Region) -> float:
    """Intersection over union."""
    shared = covered(one, other) * one.w * one.h
    union = one.w * one.h + other.w * other.h - shared
    return shared / union if union > 0 else 0.0


def _distance(one: Region, other: Region) -> float:
    """Room between two boxes, in shares of the page; 0 when they touch."""
    across = max(one.x - other.x - other.w, other.x - one.x - one.w, 0.0)
    down = max(one.y - other.y - other.h, other.y - one.y - one.h, 0.0)
    return max(across, down)


def _letters(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in apart if char.isalnum())
