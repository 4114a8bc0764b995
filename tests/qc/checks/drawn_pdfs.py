"""PDFs drawn by a test: a sheet that is ready for print, and what a test changes about it."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from PIL import ImageFont

MM = 72 / 25.4
SLUG = 15 * MM
MARK_LENGTH = 5 * MM


@dataclass
class Sheet:
    """`content` is drawn from the lower left corner of the trim, in points.

    The ground is a tint of cyan that runs `ground_mm` past the trim; `marks_mm` is the distance
    of the crop marks from the trim, None for none; `resources` go to the page's own.
    """

    content: str = ""
    trim_mm: tuple[float, float] = (100, 80)
    bleed_mm: float = 3
    ground_mm: float | None = 3
    marks_mm: float | None = 4
    corners: int = 4
    boxes: bool = True
    resources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> tuple[float, float]:
        return self.trim_mm[0] * MM, self.trim_mm[1] * MM

    def box(self, beyond_mm: float) -> list[float]:
        width, height = self.size
        beyond = beyond_mm * MM
        return [
            SLUG - beyond, SLUG - beyond, SLUG + width + beyond, SLUG + height + beyond,
        ]  # fmt: skip

    def drawn(self) -> bytes:
        parts = [f"q 1 0 0 1 {SLUG:.4f} {SLUG:.4f} cm"]
        width, height = self.size
        if self.ground_mm is not None:
            by = self.ground_mm * MM
            parts.append(f"0.1 0 0 0 k {-by:.3f} {-by:.3f} {width + 2 * by:.3f} "
                         f"{height + 2 * by:.3f} re f")  # fmt: skip
        if self.marks_mm is not None:
            parts.append(_marks(width, height, self.marks_mm * MM, self.corners))
        return "\n".join([*parts, "0 0 0 1 k 0 0 0 1 K 1 w", self.content, "Q"]).encode("latin-1")


def _marks(width: float, height: float, away: float, corners: int) -> str:
    lines = []
    for x, y in ((0, 0), (width, 0), (0, height), (width, height))[:corners]:
        out_x, out_y = (1 if x else -1), (1 if y else -1)
        reach = away + MARK_LENGTH
        lines.append(f"{x:.3f} {y + out_y * away:.3f} m {x:.3f} {y + out_y * reach:.3f} l")
        lines.append(f"{x + out_x * away:.3f} {y:.3f} m {x + out_x * reach:.3f} {y:.3f} l")
    return "1 1 1 1 K 0.25 w " + " ".join(lines) + " S"


def write_pdf(
    path: Path, *sheets: Sheet, root: Mapping[str, Any] | None = None, **save: Any
) -> Path:
    """`root` goes into the catalogue; every page has the fonts F (embedded) and H (not)."""
    pdf = pikepdf.new()
    fonts = Dictionary(F=_embedded(pdf), H=_base_font())
    for sheet in sheets:
        resources = Dictionary(Font=fonts)
        for kind, entries in sheet.resources.items():
            here = resources.get(f"/{kind}", Dictionary())
            for name, value in entries.items():
                here[f"/{name}"] = _made(pdf, value)
            resources[f"/{kind}"] = here
        page = Dictionary(
            Type=Name.Page,
            MediaBox=Array([0, 0, sheet.size[0] + 2 * SLUG, sheet.size[1] + 2 * SLUG]),
            Resources=resources,
            Contents=Stream(pdf, sheet.drawn()),
        )
        if sheet.boxes:
            page.TrimBox, page.BleedBox = Array(sheet.box(0)), Array(sheet.box(sheet.bleed_mm))
        for key, value in sheet.extra.items():
            page[f"/{key}"] = _made(pdf, value)
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    for key, value in (root or {}).items():
        pdf.Root[f"/{key}"] = _made(pdf, value)
    pdf.save(path, **save)
    return path


def _made(pdf: pikepdf.Pdf, value: Any) -> Any:
    """What needs the file to be made: a function of it, else the value."""
    return value(pdf) if callable(value) else value


def _embedded(pdf: pikepdf.Pdf) -> Any:
    file = ImageFont.load_default(10)
    data = file.path.getvalue()  # type: ignore[union-attr]
    widths = Array([round(100 * file.getlength(chr(code))) for code in range(32, 127)])
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name("/ABCDEF+Aileron"),
        Flags=32,
        FontBBox=Array([0, -250, 1000, 900]),
        ItalicAngle=0,
        Ascent=800,
        Descent=-200,
        CapHeight=700,
        StemV=80,
        FontFile2=Stream(pdf, data),
    )
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.TrueType,
            BaseFont=Name("/ABCDEF+Aileron"),
            FirstChar=32,
            LastChar=126,
            Widths=widths,
            Encoding=Name.WinAnsiEncoding,
            FontDescriptor=pdf.make_indirect(descriptor),
        )
    )


def _base_font() -> Any:
    return Dictionary(
        Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding
    )


def text(words: str, size: float = 10, x: float = 20, y: float = 20, font: str = "F") -> str:
    return f" BT /{font} {size} Tf {x} {y} Td ({words}) Tj ET "


def image(
    width: int,
    height: int,
    samples: bytes | None = None,
    space: Any = Name.DeviceCMYK,
    components: int = 4,
    **keys: Any,
) -> Any:
    """An image XObject; mid grey without `samples`."""

    def make(pdf: pikepdf.Pdf) -> Any:
        data = samples or b"\x40" * (width * height * components)
        stream = Stream(pdf, zlib.compress(data))
        stream.Type, stream.Subtype, stream.Filter = Name.XObject, Name.Image, Name.FlateDecode
        stream.Width, stream.Height, stream.BitsPerComponent = width, height, 8
        stream.ColorSpace = _made(pdf, space)
        for key, value in keys.items():
            stream[f"/{key}"] = _made(pdf, value)
        return stream

    return make


def placed(name: str, width: float, height: float, x: float = 20, y: float = 20) -> str:
    return f"q {width} 0 0 {height} {x} {y} cm /{name} Do Q"


def separation(ink: str, cmyk: Sequence[float] = (0, 1, 0.8, 0)) -> Any:
    function = Dictionary(
        FunctionType=2, Domain=Array([0, 1]), C0=Array([0, 0, 0, 0]), C1=Array(list(cmyk)), N=1
    )
    return Array([Name.Separation, Name(f"/{ink}"), Name.DeviceCMYK, function])


def fogra39(pdf: pikepdf.Pdf) -> Any:
    """An output intent that names its condition and needs no profile."""
    return Array(
        [
            Dictionary(
                Type=Name.OutputIntent,
                S=Name.GTS_PDFX,
                OutputConditionIdentifier="FOGRA39",
                RegistryName="http://www.color.org",
                Info="Coated FOGRA39",
            )
        ]
    )
