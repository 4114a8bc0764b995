"""The rules that the bench's creatives are held to: parameters of each check, and the brief."""

from pathlib import Path

from PIL import Image
from pydantic import JsonValue

from deploy.sample import draw_logo
from libs.contracts.brand import BrandColour, BrandData, Copy, Placement, SafeZone
from services.qc.domain.brief import Brief, ReferenceFile
from tests.qcbench.layout import CREAM, EAN, LEGAL, NAVY, TARGET, WHITE, Colour

NAMING = r"[a-z]+_[a-z]+_[a-z-]+_\d+x\d+"
WORDS = ("Northwind", "Elderflower", "kJ")

PARAMETERS: dict[str, dict[str, JsonValue]] = {
    "aspect_ratio": {"allowed": ["1:1"]},
    "background_contrast": {"min_ratio": 3.0, "min_ratio_large": 2.5},
    "barcode": {"required": True, "expected": EAN},
    "color_format": {"allowed_modes": ["RGB", "RGBA"]},
    "file_naming": {"pattern": NAMING},
    "image_resolution": {"min_short_side_px": 1600, "min_long_side_px": 1600},
    "logo_visibility": {"min_width_share": 0.08, "max_stretch": 0.05},
    "imperative_verb": {"verbs": ["Discover"], "scope": "all"},
    "logo_size": {"min_width_px": 200.0},
    "lowercase_text": {"rule": "no_all_caps", "scope": "all", "allowed_words": ["NORTH", "WIND"]},
    "min_text_size": {"min_px": 20.0},
    "new_visibility": {"rule": "forbidden"},
    "qr_target": {"targets": [TARGET], "required": True},
    "responsiveness": {"widths_px": [1080]},
    "text_readability": {"min_x_height_px": 10.0},
}


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


BRAND = BrandData(
    colours=(
        BrandColour(name="navy", hex=_hex(NAVY)),
        BrandColour(name="cream", hex=_hex(CREAM)),
    ),
    languages=("en_GB",),
    words=WORDS,
    mandatory_copy=(Copy(text=LEGAL),),
    forbidden_copy=(Copy(text="guaranteed"), Copy(text="cures")),
)
PLACEMENT = Placement(
    name="story",
    width_px=2048,
    height_px=2048,
    safe_zone=SafeZone(top=0.06, right=0.03, bottom=0.01, left=0.03),
)


def write_logos(folder: Path) -> list[ReferenceFile]:
    """The brand's logo in navy for light grounds and in white for dark ones."""
    files = []
    for name, colour in (("logo navy", NAVY), ("logo white", WHITE)):
        path = folder / f"{name.replace(' ', '_')}.png"
        draw_logo(880, colour).save(path)
        files.append(ReferenceFile(path=path, name=name))
    return files


def brief(folder: Path, logos: list[ReferenceFile], approved: Image.Image) -> Brief:
    """`approved` is the creative without its defect: the reference, and the version before."""
    path = folder / "approved.png"
    approved.save(path, compress_level=1)
    earlier = [ReferenceFile(path=path, name="approved")]
    return Brief(
        brand=BRAND,
        references={"logo": logos, "reference": earlier, "previous_version": earlier},
        placement=PLACEMENT,
    )
