"""The defects that are planted: what is changed, which check must see it, and where it shows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter

from tests.qcbench.drawing import ink
from tests.qcbench.layout import MARGIN_PX, SIDE_PX, TYPOS, Box, Layout

Change = Callable[[Layout], Layout]
PATCH: Box = (1180, 420, 1260, 500)


@dataclass(frozen=True)
class Defect:
    """`where` names a box of the drawing, is a box itself, or None: the file as a whole."""

    name: str
    check: str
    change: Change
    where: str | Box | None = None


def finished(change: Callable[[Image.Image], Image.Image]) -> Change:
    return lambda layout: replace(layout, finish=change)


def with_typo(layout: Layout) -> Layout:
    def wrong(line: str) -> str:
        for right, typo in TYPOS.items():
            line = line.replace(right, typo)
        return line

    first, second = layout.headline
    return replace(layout, headline=(wrong(first), wrong(second)))


def faint(layout: Layout) -> Layout:
    """Copy hardly lighter or darker than what is behind it."""
    dark = layout.style in ("photo", "dark")
    return replace(layout, claim_colour=(86, 84, 92) if dark else (214, 208, 194))


def crowded(layout: Layout) -> Layout:
    """A line of copy that touches the logo."""
    left = SIDE_PX - MARGIN_PX - 60 - layout.logo_width_px if layout.logo_right else MARGIN_PX
    height = round(layout.logo_width_px * 400 / 1120)
    return replace(layout, extra=("New for the season", left + 10, 190 + height - 12))


def jpeg_again(quality: int) -> Callable[[Image.Image], Image.Image]:
    def change(picture: Image.Image) -> Image.Image:
        kept = BytesIO()
        picture.save(kept, "JPEG", quality=quality)
        return Image.open(kept).convert("RGB")

    return change


def scaled_up(picture: Image.Image) -> Image.Image:
    small = picture.resize((SIDE_PX // 4, SIDE_PX // 4), Image.Resampling.BILINEAR)
    return small.resize(picture.size, Image.Resampling.BICUBIC)


def patched(picture: Image.Image) -> Image.Image:
    ImageDraw.Draw(picture).ellipse(PATCH, fill=(201, 162, 39))
    return picture


def see_through(picture: Image.Image) -> Image.Image:
    picture.putalpha(Image.new("L", picture.size, 160))
    return picture


def posterised(picture: Image.Image) -> Image.Image:
    return picture.quantize(8, dither=Image.Dither.NONE).convert("RGB")


def wrong_logo_colour(layout: Layout) -> Layout:
    red = (222, 40, 40) if ink(layout) != (255, 255, 255) else (250, 196, 40)
    return replace(layout, logo_colour=red)


def with_legal(text: str) -> Change:
    return lambda layout: replace(layout, legal=text)


DEFECTS: tuple[Defect, ...] = (
    Defect("wrong_ratio", "aspect_ratio", finished(lambda p: p.crop((0, 128, SIDE_PX, SIDE_PX)))),
    Defect("faint_claim", "background_contrast", faint, "claim"),
    Defect("barcode_blotted", "barcode", lambda c: replace(c, barcode_blot=True), "barcode"),
    Defect("barcode_gone", "barcode", lambda c: replace(c, barcode=None)),
    Defect("barcode_swapped", "barcode", lambda c: replace(c, barcode="4006381333931"), "barcode"),
    Defect("barcode_crowded", "barcode", lambda c: replace(c, barcode_squeeze=True), "barcode"),
    Defect("cmyk", "color_format", finished(lambda p: p.convert("CMYK"))),
    Defect("grey", "color_format", finished(lambda p: p.convert("L"))),
    Defect("badly_named", "file_naming", lambda c: replace(c, name="final FINAL (2)")),
    Defect("too_small", "image_resolution", finished(lambda p: p.resize((800, 800)))),
    Defect("logo_gone", "logo_visibility", lambda c: replace(c, logo_width_px=0)),
    Defect("logo_tiny", "logo_visibility", lambda c: replace(c, logo_width_px=120), "logo"),
    Defect("logo_turned", "logo_visibility", lambda c: replace(c, logo_turn_deg=9), "logo"),
    Defect("logo_wide", "logo_visibility", lambda c: replace(c, logo_stretch=1.18), "logo"),
    Defect("logo_narrow", "logo_visibility", lambda c: replace(c, logo_stretch=0.85), "logo"),
    Defect("typo_in_headline", "spelling", with_typo),
    Defect(
        "typo_in_legal",
        "spelling",
        with_legal("Contains no alcohol. Plaese recycle this bottle."),
        "legal",
    ),
    Defect(
        "typo_in_claim",
        "spelling",
        lambda c: replace(c, claim="Elderflower and lime, lightly sparkilng"),
        "claim",
    ),
    Defect("tiny_legal", "text_readability", lambda c: replace(c, legal_px=12), "legal"),
    # What follows is for checks beyond the first ten; each runs as soon as its check is there.
    Defect("logo_stretched", "logo_distortion", lambda c: replace(c, logo_stretch=1.15), "logo"),
    Defect("logo_slanted", "logo_distortion", lambda c: replace(c, logo_turn_deg=7), "logo"),
    Defect("logo_small", "logo_size", lambda c: replace(c, logo_width_px=170), "logo"),
    Defect("logo_recoloured", "logo_colour", wrong_logo_colour, "logo"),
    Defect("logo_crowded", "logo_clear_space", crowded, "logo"),
    Defect("panel_off", "brand_colors", lambda c: replace(c, panel=(34, 48, 92)), "panel"),
    Defect("legal_gone", "mandatory_copy", with_legal("")),
    Defect(
        "legal_altered",
        "mandatory_copy",
        with_legal("Contains some alcohol. Please recycle this bottle."),
        "legal",
    ),
    Defect(
        "legal_one_word_less",
        "mandatory_copy",
        with_legal("Contains alcohol. Please recycle this bottle."),
        "legal",
    ),
    Defect(
        "promise",
        "forbidden_copy",
        lambda c: replace(c, extra=("Guaranteed results", MARGIN_PX, 1300)),
        "extra",
    ),
    Defect(
        "code_leads_elsewhere",
        "qr_target",
        lambda c: replace(c, target="https://evil.example/x"),
        "qr",
    ),
    Defect("code_gone", "qr_target", lambda c: replace(c, target=None)),
    Defect("enlarged", "blur_upscale", finished(scaled_up)),
    Defect("blurred", "blur_upscale", finished(lambda p: p.filter(ImageFilter.GaussianBlur(4)))),
    Defect("crushed", "compression_artifacts", finished(jpeg_again(8))),
    Defect("patched", "reference_comparison", finished(patched), PATCH),
    Defect(
        "word_changed",
        "reference_comparison",
        lambda c: replace(c, claim="Elderflower and mint, lightly sparkling"),
        "claim",
    ),
    Defect(
        "letters_changed",
        "version_comparison",
        with_legal("Contains no Alcohol. Please recycle this bottle."),
        "legal",
    ),
    Defect(
        "number_changed",
        "version_comparison",
        lambda c: replace(c, claim="Elderflower and lime, 7% sparkling"),
        "claim",
    ),
    Defect("see_through", "transparency", finished(see_through)),
    Defect(
        "in_safe_zone",
        "safe_zones",
        lambda c: replace(c, extra=("Only this weekend", 700, 40)),
        "extra",
    ),
    Defect(
        "near_the_edge",
        "safety_area",
        lambda c: replace(c, extra=("Only this weekend", 8, 1350)),
        "extra",
    ),
    Defect(
        "shouting", "lowercase_text", lambda c: replace(c, claim="ELDERFLOWER AND LIME"), "claim"
    ),
    Defect(
        "off_by_a_little",
        "element_alignment",
        lambda c: replace(c, claim_at_x=MARGIN_PX + 14),
        "claim",
    ),
    Defect("tiny_for_phones", "min_text_size", lambda c: replace(c, legal_px=13), "legal"),
)
