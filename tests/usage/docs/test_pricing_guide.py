"""services/usage/docs/pricing.md does what it says."""

from pathlib import Path

from tests.deploy.processes import LINUX_ONLY, REPOSITORY
from tests.journeys.processes import Up
from tests.usage.docs.examples import examples, run_guide

pytestmark = LINUX_ONLY
GUIDE = REPOSITORY / "services" / "usage" / "docs" / "pricing.md"


def test_every_example_of_the_pricing_guide_works(up: Up, tmp_path: Path) -> None:
    run_guide(GUIDE, up, tmp_path)


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
    assert len(examples(GUIDE)) >= 13
