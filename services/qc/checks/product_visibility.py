"""Exact check: whether the product, as in a reference picture, is there, large and whole."""

from collections.abc import Iterator

from pydantic import Field

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, missing_input
from services.qc.checks.seen import LogoMatch
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

KIND = "product"


class ProductVisibility(Parameters):
    min_area_share: float = Field(
        default=0.02, ge=0, le=1, description="Least share of the page that the product takes"
    )
    min_visible_share: float = Field(
        default=0.95, ge=0, le=1, description="Least share of the product that is on the page"
    )


def measure(subject: Subject, parameters: ProductVisibility) -> Measured:
    """Score: the product's area, or what is seen of it, as a share of the least, in percent.

    Found is what looks like the reference picture. A product shown from another side is not,
    so nothing found is no verdict: a model can tell.
    """
    if not subject.brief.files(KIND):
        return missing_input("There is no product picture for this client. Upload a cut-out one.")
    found = [(page, match) for page in subject.pages for match in subject.marks(page, KIND).matches]
    if not found:
        reason = "The product was not recognised from its picture. "
        reason += "Upload the shot that is used, or ask a model."
        return missing_input(reason, subject.seen_pages())
    page, match = max(found, key=lambda one: _area_share(subject, *one))
    share, visible = _area_share(subject, page, match), _visible_share(subject, page, match)
    findings = list(_breaches(page, match, share, visible, parameters))
    kept = [1.0]
    for value, least in (
        (share, parameters.min_area_share),
        (visible, parameters.min_visible_share),
    ):
        kept.append(value / least if least else 1.0)
    measurements = {
        **subject.seen_pages(),
        "page": page.number,
        "reference": match.reference,
        "area_share": round(share, 4),
        "visible_share": round(visible, 3),
        "likeness": round(match.likeness, 3),
    }
    return judged(findings, measurements, 100 * min(kept))


def _area_share(subject: Subject, page: Page, match: LogoMatch) -> float:
    height_px, width_px = subject.rgb(page).shape[:2]
    return float(match.width_px * match.height_px / (width_px * height_px))


def _visible_share(subject: Subject, page: Page, match: LogoMatch) -> float:
    """Of the product's upright box."""
    height_px, width_px = subject.rgb(page).shape[:2]
    across, down = [x for x, _ in match.quad], [y for _, y in match.quad]
    whole = (max(across) - min(across)) * (max(down) - min(down))
    return float(match.region.w * width_px * match.region.h * height_px / whole)


def _breaches(
    page: Page, match: LogoMatch, share: float, visible: float, parameters: ProductVisibility
) -> Iterator[Finding]:
    rules = (
        ("The product is too small.", share, parameters.min_area_share, "of the page"),
        ("The product is cut off.", visible, parameters.min_visible_share, "of it visible"),
    )
    for message, value, least, of_what in rules:
        if value < least:
            yield Finding(
                severity="major",
                message=message,
                measured=f"{100 * value:.1f} % {of_what}",
                rule=f"at least {100 * least:g} %",
                fix="Show it larger and whole.",
                page=page.number,
                region=match.region,
            )


CHECK = ExactCheck(
    measures="The product of a reference picture: found, its share of the page, how whole",
    unit="share",
    parameters=ProductVisibility,
    measure=measure,
    needs=("product",),
    example={"min_area_share": 0.1},
    version=2,
)
