"""What a report is called when it is a file, and of which type it is."""

from services.usage.domain.period import Period

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILE_TYPES = {
    "text": ("text/plain", "txt"),
    "json": ("application/json", "json"),
    "csv": ("text/csv", "csv"),
    "xlsx": (SHEET, "xlsx"),
    "html": ("text/html", "html"),
    "pdf": ("application/pdf", "pdf"),
    "focus": ("text/csv", "focus.csv"),
}
"""Of each form its media type, and how the names of its files end."""


def file_name(period: Period, form: str) -> str:
    """`usage-from-2026-08-01-to-2026-08-31.xlsx`; a side that is open has no day."""
    days = [f"from-{period.first_on}"] if period.first_on else []
    days += [f"to-{period.last_on}"] if period.last_on else []
    return f"usage-{'-'.join(days) or 'all'}.{FILE_TYPES[form][1]}"
