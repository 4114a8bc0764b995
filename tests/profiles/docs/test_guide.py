"""The guide of the registry does what it says: each example is run."""

import re
from pathlib import Path

from tests.deploy.processes import LINUX_ONLY, REPOSITORY
from tests.examples import examples, run_guide
from tests.journeys.campaigning import png
from tests.journeys.processes import Up

pytestmark = LINUX_ONLY
GUIDE = REPOSITORY / "services" / "profiles" / "docs" / "profile-management.md"
AT_LEAST = 13
"""How many examples it has: a guide whose fences are not seen would pass."""


def test_every_example_of_the_guide_works(up: Up, tmp_path: Path) -> None:
    folder = tmp_path / "reader"
    folder.mkdir()
    (folder / "front.png").write_bytes(png("red", 1200, 900))
    assert len(examples(GUIDE)) >= AT_LEAST

    run_guide(GUIDE, up, folder)


def test_what_the_guide_names_in_passing_is_in_an_example_too() -> None:
    text = GUIDE.read_text()
    told = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    named = [
        word
        for code in re.findall(r"`([^`]+)`", told)
        if code.startswith(("aiqc ", "--"))
        for word in code.split()
        if re.fullmatch(r"-{0,2}[a-z][a-z-]*", word)
    ]
    run = {word for one in examples(GUIDE) for word in re.findall(r"[\w-]+", one.script)}

    assert {"--merge", "replay"} <= set(named)
    assert set(named) - run - NOT_RUN == set()


NOT_RUN = {"up"}
"""The platform that runs already."""
