"""How a suspicion reads for people, on the terminal and in a report."""

from collections.abc import Iterator

from rich.text import Text

from libs.contracts.qc import Analysis
from services.qc.domain.report import place_in_words


def suspected_in_words(analysis: Analysis) -> Iterator[Text]:
    """A line for each suspicion; the words were written by the creative and steer nothing."""
    for suspicion in analysis.suspected:
        yield Text.assemble(
            ("SUSPECTED ORDER ", "bold yellow"),
            f"{place_in_words(suspicion)}. {_plain(suspicion.why)}",
            f" “{_plain(suspicion.words)}”" if suspicion.words else "",
        )


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
