"""What a creative is held against: brand data, reference files, the placement that it is for."""

from collections.abc import Sequence
from pathlib import Path

from libs.contracts.brand import BrandColour, BrandData, Market, Placement, SettledColour
from libs.contracts.common import Reply

PREVIOUS_VERSION = "previous_version"
"""The kind of reference that is an earlier state of the same creative."""


class ReferenceFile(Reply):
    """A file to compare with; `name` is what people call it."""

    path: Path
    name: str
    sha256: str = ""


class Brief(Reply):
    """`references` by kind (a ReferenceKind or `previous_version`), the one that counts first.

    `plan` are all placements of the client's active media plan, `placement` the one of them
    that was named for this creative.
    """

    brand: BrandData = BrandData()
    references: dict[str, list[ReferenceFile]] = {}
    placement: Placement | None = None
    plan: tuple[Placement, ...] = ()
    market: Market | None = None

    def files(self, kind: str) -> list[ReferenceFile]:
        return self.references.get(kind, [])

    def colours(self, own: Sequence[BrandColour] = ()) -> tuple[SettledColour, ...]:
        """The `own` colours of a check, else the brand's, each with the tolerance that holds."""
        default = self.brand.colour_tolerance
        return tuple(
            SettledColour(
                name=colour.name,
                hex=colour.hex,
                tolerance=default if colour.tolerance is None else colour.tolerance,
            )
            for colour in own or self.brand.colours
        )
