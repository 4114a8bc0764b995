"""A drawn layout to be compared with itself, whole or with one thing changed."""

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from libs.contracts.qc import Region
from services.qc.domain.geometry import covered

SIZE = (900, 700)
PANEL = (600, 380, 840, 500)


def artwork(
    *,
    claim: str = "Elderflower and lime",
    price: str = "3.99",
    panel: str = "#1e3c78",
    mark_at: int = 120,
) -> Image.Image:
    """A layout with enough detail to be laid over itself."""
    page = Image.linear_gradient("L").resize(SIZE).convert("RGB")
    draw = ImageDraw.Draw(page)
    for step in range(24):
        draw.line((20 + 36 * step, 20, 50 + 30 * step, 90), fill=(200, 40, 9 * step), width=5)
    draw.rectangle((40, 180, 520, 640), fill="#faf6ee")
    draw.text((80, 200), claim, font=ImageFont.load_default(40), fill="#0e1e3a")
    draw.text((80, 560), f"Now only {price}", font=ImageFont.load_default(24), fill="#0e1e3a")
    draw.rectangle(PANEL, fill=panel)
    draw.ellipse((mark_at, 380, mark_at + 60, 440), fill="#147840")
    draw.rectangle((mark_at + 25, 390, mark_at + 35, 430), fill="#fac83c")
    return page


def exported_again(page: Image.Image, scale: float = 1.005, quality: int = 85) -> Image.Image:
    """Scaled by half a percent, shifted by a pixel, compressed."""
    shift = (1 / scale, 0, -1, 0, 1 / scale, 1)
    moved = page.transform(page.size, Image.Transform.AFFINE, shift, Image.Resampling.BICUBIC)
    stored = BytesIO()
    moved.save(stored, "JPEG", quality=quality)
    return Image.open(stored).convert("RGB")


def overlap(one: Region | None, box: tuple[int, int, int, int]) -> float:
    """Intersection over union of a region and a box in pixels of the drawn page."""
    left, top, right, bottom = box
    (w, h), r = SIZE, one or Region(x=0, y=0, w=0, h=0)
    other = Region(x=left / w, y=top / h, w=(right - left) / w, h=(bottom - top) / h)
    shared = covered(r, other) * r.w * r.h
    return shared / (r.w * r.h + other.w * other.h - shared)
