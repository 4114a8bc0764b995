"""Rules of the check of words that must not be there."""

from typing import Any

import pytest

from libs.contracts.brand import BrandData, Copy
from services.qc.checks import run_check
from services.qc.checks.measured import Measured
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.lines import line, stacked


def measure(subject: Any, *texts: str, **parameters: Any) -> Measured:
    return run_check("forbidden_copy", subject, {"texts": list(texts), **parameters})


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("cure", ("The CURE for winter",)),
        ("clinically proven", ("It is clinically", "proven to work")),
        ("clinically proven", ("It is clin-", "ically proven to work")),
        ("100%", ("100% natural",)),
        ("zuckerfrei", ("Jetzt Zuckerfrei!",)),
        ("l'été", ("C’est l’été ici",)),
        ("guaranteed {anything} loss", ("Guaranteed rapid weight loss",)),
    ],
)
def test_a_forbidden_text_is_found(text: str, lines: tuple[str, ...], read: SubjectOf) -> None:
    measured = measure(read(*stacked(*lines)), text)

    assert measured.state == "failed"
    assert len(measured.findings) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cure", "A secure choice"),
        ("cure", "cures many things"),
        ("free", "freedom"),
        ("no sugar", "no added sugar"),
        ("100%", "1000% more"),
    ],
)
def test_a_part_of_a_word_is_none(text: str, words: str, read: SubjectOf) -> None:
    assert measure(read(line(words)), text).state == "passed"


def test_endings_count_when_asked(read: SubjectOf) -> None:
    subject = read(line("It cures and heals"))

    assert measure(subject, "cure", inflections=True).state == "failed"
    assert measure(read(line("A curet")), "cure", inflections=True).state == "passed"


def test_each_hit_has_its_place(read: SubjectOf) -> None:
    subject = read(line("free", y=100), line("and free again", y=1000, x=500))

    regions = [finding.region for finding in measure(subject, "free").findings]

    assert sorted(region.x for region in regions if region) == pytest.approx([0, 0.27])
    assert sorted(region.y for region in regions if region) == pytest.approx([0.05, 0.5])


def test_the_clients_copy_holds_in_its_markets(read: SubjectOf) -> None:
    brand = BrandData(forbidden_copy=(Copy(text="gratis", markets=("nl",)),))
    words = line("Nu gratis")

    assert measure(read(words, brand=brand, market="nl")).state == "failed"
    assert measure(read(words, brand=brand, market="de")).state == "missing_input"
    assert measure(read(words, brand=brand)).state == "missing_input"
    assert measure(read(words)).state == "missing_input"
