"""What is found on a page: lines of text, a logo, barcodes. Pixels are those of `Subject.rgb`."""

from dataclasses import dataclass

from libs.contracts.qc import Region
from services.qc.domain.geometry import Quad


@dataclass(frozen=True)
class Line:
    """One line of text as OCR read it; `confidence` is at most 1.

    An `exact` one comes from a file's own text: nothing in it can be misread.
    """

    text: str
    confidence: float
    quad: Quad
    region: Region
    exact: bool = False


@dataclass(frozen=True)
class LogoMatch:
    """A reference logo found on a page.

    `rotation_deg` is clockwise; `stretch` is width scale over height scale, 1 when the logo
    keeps its proportions; `shear_deg` is how far its upright edges lean; `likeness` is the
    correlation of its pixels or its outline with the reference (1: the same);
    `colour_difference` is the median Delta E 1976 of its opaque pixels.
    """

    reference: str
    quad: Quad
    region: Region
    width_px: float
    height_px: float
    rotation_deg: float
    stretch: float
    shear_deg: float
    likeness: float
    colour_difference: float
    inliers: int


@dataclass(frozen=True)
class LogoSearch:
    """`detail` counts the points of the richest reference that can be recognised again.

    `match` is the likest of `matches`, which has one for each place.
    """

    match: LogoMatch | None
    detail: int
    matches: tuple[LogoMatch, ...] = ()


@dataclass(frozen=True)
class Barcode:
    """A symbol on a page. `value` is None where bars are seen that do not decode.

    `quiet_modules` is the clear space left and right of a retail code, in widths of its
    narrowest bar, and `quiet_around` that round a QR code; None where they are not measured.
    `module_px` is the narrowest bar, or the side of a square.
    """

    kind: str
    value: str | None
    region: Region
    problem: str | None = None
    quiet_modules: tuple[float, float] | None = None
    quiet_around: float | None = None
    module_px: float | None = None
