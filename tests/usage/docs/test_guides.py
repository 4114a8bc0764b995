"""The guides of the usage service do what they say: each example is run."""

from pathlib import Path

import pytest

from tests.deploy.processes import LINUX_ONLY, REPOSITORY
from tests.examples import examples, run_guide
from tests.journeys.processes import Up

pytestmark = LINUX_ONLY
DOCS = REPOSITORY / "services" / "usage" / "docs"
GUIDES = {"pricing.md": 13, "token-tracking.md": 4, "usage-reports.md": 7}
"""How many examples each has at least: a guide whose fences are not seen would pass."""


@pytest.mark.parametrize("guide", GUIDES)
def test_every_example_of_a_guide_works(up: Up, tmp_path: Path, guide: str) -> None:
    folder = tmp_path / "reader"
    folder.mkdir()
    assert len(examples(DOCS / guide)) >= GUIDES[guide]

    run_guide(DOCS / guide, up, folder)


def test_examples_are_found_with_what_they_show(tmp_path: Path) -> None:
    guide = tmp_path / "guide.md"
    guide.write_text(
        "# A\n```bash\necho 1\n```\nprints\n```text\nno\n```\n\n```bash\necho 2\n```\n"
        "\n```text\n2\n```\n```crontab\n1 2 * * * echo 3\n```\n```json\n{}\n```\n"
    )

    found = [(one.line_no, one.kind, one.script, one.shows) for one in examples(guide)]

    assert found == [
        (2, "bash", "echo 1\n", ()),
        (10, "bash", "echo 2\n", ("2",)),
        (17, "crontab", "1 2 * * * echo 3\n", ()),
    ]
