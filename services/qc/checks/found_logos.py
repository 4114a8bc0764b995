"""The logos that the checks of size, shape, colour and clear space judge, or why there are none."""

from libs.contracts.qc import Finding
from services.qc.checks.measured import Measured, missing_input, not_applicable
from services.qc.checks.seen import LogoMatch
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

LEAST_DETAIL = 30
"""Points of detail below which a logo cannot be told from chance."""

EDGE_PX = 1.5
"""Edges are found to about this many pixels of the page."""

SURE_LIKENESS = 0.85
"""Below this the map of a tiny or blurred logo is too loose to tell its turn or stretch."""

Found = list[tuple[Page, LogoMatch]]


def found_logos(subject: Subject) -> Found | Measured:
    """Every logo on every page that is looked at."""
    if not subject.brief.files("logo"):
        return missing_input("There is no reference logo for this client. Upload one.")
    searches = [(page, subject.logo(page)) for page in subject.pages]
    found = [(page, match) for page, search in searches for match in search.matches]
    if found:
        return found
    if max((search.detail for _, search in searches), default=0) < LEAST_DETAIL:
        reason = "The reference logo is too plain to be measured. Upload it larger, or ask a model."
        return missing_input(reason)
    return not_applicable("The logo was not found; the check logo_visibility judges that.")


def major(
    page: Page, match: LogoMatch, message: str, measured: str, rule: str, fix: str
) -> Finding:
    return Finding(
        severity="major",
        message=message,
        measured=measured,
        rule=rule,
        evidence=f"matches {match.reference}",
        fix=fix,
        page=page.number,
        region=match.region,
    )
