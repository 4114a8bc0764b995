"""The report on A4 pages."""

from pathlib import Path

from libs.printing import TIMEOUT_S, print_pdf
from services.usage.domain.report import Report
from services.usage.domain.report_pages import pages

LAYOUT = Path(__file__).parent / "domain" / "layouts" / "report.typ"


def report_pdf(report: Report, timeout_s: float = TIMEOUT_S) -> bytes:
    """The bytes of the file. Raises Unavailable as `print_pdf` does."""
    instead = "take fewer days or clients, or HTML."
    return print_pdf(LAYOUT, pages(report), instead=instead, timeout_s=timeout_s)
