"""The words of a line that a dictionary may judge, and where each stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from libs.contracts.qc import Region
from services.qc.checks.seen import Line
from services.qc.domain.geometry import Point, region_of

WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
NOT_PROSE = re.compile(r"[@#/\\_\d]|\w\.\w|^www", re.IGNORECASE)
SHORTEST = 3
LONGEST_ACRONYM = 5


@dataclass(frozen=True)
class Word:
    """`start` and `end` count characters of the line's text."""

    text: str
    line: Line
    start: int
    end: int

    def region(self, width_px: int, height_px: int) -> Region:
        """The word's part of the line, taking all letters as equally wide."""
        top_left, top_right, bottom_right, bottom_left = self.line.quad
        length = len(self.line.text)
        ends = (self.start / length, self.end / length)
        top = [_between(top_left, top_right, at) for at in ends]
        bottom = [_between(bottom_left, bottom_right, at) for at in ends]
        return region_of([*top, *bottom], width_px, height_px)


def words_of(line: Line) -> Iterator[Word]:
    """Leaves out addresses, tags, anything with a digit, acronyms, camelCase, very short words."""
    for token in re.finditer(r"\S+", line.text):
        if NOT_PROSE.search(token.group().strip(".,;:!?")):
            continue
        for found in WORD.finditer(token.group()):
            if _is_prose(found.group()):
                start = token.start() + found.start()
                yield Word(found.group(), line, start, start + len(found.group()))


def _is_prose(word: str) -> bool:
    if len(word) < SHORTEST or (word.isupper() and len(word) <= LONGEST_ACRONYM):
        return False
    return word.isupper() or word[1:].islower()


def _between(one: Point, other: Point, at: float) -> Point:
    return one[0] + at * (other[0] - one[0]), one[1] + at * (other[1] - one[1])
