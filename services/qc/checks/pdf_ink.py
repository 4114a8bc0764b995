"""Total ink: how many percent of ink the fills and the CMYK pictures of a page lay on one place."""

from typing import TYPE_CHECKING

from libs.contracts.qc import Finding
from services.qc.checks.pdf_judging import artwork_marks, finding
from services.qc.preflight.geometry import MM, area

if TYPE_CHECKING:
    from services.qc.preflight.facts import Colour, Image, Mark, PageFacts

MOST_IMAGES = 40
ROUNDING = 0.5


def ink_percent(colour: "Colour | None") -> float | None:
    plates = colour.plates() if colour else None
    return 100 * sum(plates.values()) if plates is not None else None


def total_ink(
    page: "PageFacts", most_percent: float, area_mm2: float
) -> tuple[list[Finding], float]:
    """Findings, and the most ink that was seen. Each colour is told once, where it is largest.

    Of a gradient its heaviest stop counts. What lies upon something else is taken to knock it
    out: ink that is added up by overprint or transparency is not seen.
    """
    heaviest: dict[Colour, tuple[float, Mark]] = {}
    most = 0.0
    for mark in artwork_marks(page):
        for colour in mark.colours():
            percent = ink_percent(colour) if mark.kind != "image" or _is_mask(mark) else None
            if percent is None:
                continue
            large = area(mark.box) * (page.unit * MM) ** 2 >= area_mm2
            most = max(most, percent) if large else most
            if large and percent > most_percent + ROUNDING:
                known = heaviest.get(colour)
                if known is None or area(mark.box) > area(known[1].box):
                    heaviest[colour] = percent, mark
    findings = [_of_fill(page, percent, mark, most_percent) for percent, mark in heaviest.values()]
    of_images, most_of_images = _images(page, most_percent, area_mm2)
    return findings + of_images, max(most, most_of_images)


def _is_mask(mark: "Mark") -> bool:
    return mark.image is not None and mark.image.is_mask


def _images(page: "PageFacts", most_percent: float, area_mm2: float) -> tuple[list[Finding], float]:
    findings, most = [], 0.0
    pictures = [mark for mark in artwork_marks(page) if mark.image and _is_cmyk(mark.image)]
    if pictures:
        from services.qc.preflight.image_ink import heaviest
    pictures.sort(key=lambda mark: -area(mark.box))
    for mark in pictures[:MOST_IMAGES]:
        found = heaviest(mark.image, mark, area_mm2) if mark.image else None
        if found is None:
            continue
        most = max(most, found.percent)
        if found.percent > most_percent + ROUNDING:
            findings.append(
                finding(
                    "major",
                    "A picture has more ink in one place than dries in time.",
                    f"{found.percent:.0f} %",
                    f"at most {most_percent:g} %",
                    "Convert it with a profile whose total ink fits the paper.",
                    page,
                    found.box,
                )
            )
    return findings, most


def _is_cmyk(image: "Image") -> bool:
    return image.space is not None and image.space.family == "cmyk"


def _of_fill(page: "PageFacts", percent: float, mark: "Mark", most_percent: float) -> Finding:
    what = {"text": "Text", "shading": "A gradient"}.get(mark.kind, "An area")
    return finding(
        "major",
        f"{what} has more ink than dries in time.",
        f"{percent:.0f} %",
        f"at most {most_percent:g} %",
        "Use less of the inks beneath the black.",
        page,
        mark.box,
    )
