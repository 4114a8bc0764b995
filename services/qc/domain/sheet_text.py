"""Text in tables that spreadsheets open: what somebody else wrote is never run there."""

import re

SIGNS = "=+\\-@＝＋－＠﹦﹢﹣﹫"
UNSEEN = r"\s\"'`"
FORMULA = re.compile(rf"(^|;)([{UNSEEN}]*)(?=[{SIGNS}])")


def one_line(text: str) -> str:
    """The text without what moves a cursor, starts a line or turns it around."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return text.strip()


def for_csv(text: str) -> str:
    """A cell of a CSV file that no spreadsheet takes for a formula, whatever separates cells."""
    return FORMULA.sub(r"\1'\2", one_line(text))


def looks_like_formula(text: str) -> bool:
    return FORMULA.match(text) is not None
