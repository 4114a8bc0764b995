"""The guide of the registry does what it says: each example is run."""

from pathlib import Path

from tests.deploy.processes import LINUX_ONLY, REPOSITORY
from tests.examples import examples, run_guide
from tests.journeys.processes import Up

pytestmark = LINUX_ONLY
GUIDE = REPOSITORY / "services" / "profiles" / "docs" / "profile-management.md"
AT_LEAST = 8
"""How many examples it has: a guide whose fences are not seen would pass."""


def test_every_example_of_the_guide_works(up: Up, tmp_path: Path) -> None:
    folder = tmp_path / "reader"
    folder.mkdir()
    assert len(examples(GUIDE)) >= AT_LEAST

    run_guide(GUIDE, up, folder)
