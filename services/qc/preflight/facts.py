"""The facts of a PDF: its document, its pages, and every mark that a page makes. Points are PDF's.

Nothing here reads a file; services.qc.preflight.reader fills it in.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from libs.contracts.qc import Region
from services.qc.preflight.geometry import MM, Box

PROCESS_INKS = {"Cyan", "Magenta", "Yellow", "Black"}
CMYK = ("Cyan", "Magenta", "Yellow", "Black")
LEAST_INK = 0.001
Family = Literal["grey", "rgb", "cmyk", "lab", "spot", "pattern", "unknown"]
FAMILIES: dict[str, Family] = {
    "DeviceGray": "grey",
    "CalGray": "grey",
    "DeviceRGB": "rgb",
    "CalRGB": "rgb",
    "DeviceCMYK": "cmyk",
    "Lab": "lab",
    "Separation": "spot",
    "DeviceN": "spot",
    "Pattern": "pattern",
}
ICC_FAMILIES: dict[int, Family] = {1: "grey", 3: "rgb", 4: "cmyk"}


@dataclass(frozen=True, slots=True)
class Space:
    """A colour space. `inks` are the plates of a Separation or DeviceN, `base` what is beneath."""

    kind: str
    components: int
    profile: str | None = None
    inks: tuple[str, ...] = ()
    base: "Space | None" = None

    @property
    def family(self) -> Family:
        if self.kind == "ICCBased":
            return ICC_FAMILIES.get(self.components, "unknown")
        if self.kind == "Indexed":
            return self.base.family if self.base else "unknown"
        if self.kind == "Separation" and self.inks == ("Black",):
            return "grey"
        return FAMILIES.get(self.kind, "unknown")

    @property
    def spots(self) -> tuple[str, ...]:
        inks = self.base.inks if self.kind in ("Indexed", "Pattern") and self.base else self.inks
        return tuple(ink for ink in inks if ink not in PROCESS_INKS and ink not in ("All", "None"))


@dataclass(frozen=True, slots=True)
class Colour:
    """Values as the operator gave them: 0 to 1, and 1 is full ink except in grey and RGB."""

    space: Space
    values: tuple[float, ...] = ()

    def plates(self) -> dict[str, float] | None:
        """Share of each ink, those above zero; None where only a conversion would tell."""
        if len(self.values) != self.space.components:
            return None
        family = self.space.family
        if self.space.kind in ("Separation", "DeviceN"):
            inks = dict(zip(self.space.inks, self.values, strict=False))
            if "All" in inks:
                inks = dict.fromkeys((*CMYK, "All"), inks["All"]) | {"All": 0.0}
            inks.pop("None", None)
        elif family == "cmyk":
            inks = dict(zip(CMYK, self.values, strict=True))
        elif self.space.kind == "DeviceGray":
            inks = {"Black": 1 - self.values[0]}
        else:
            return None
        return {ink: share for ink, share in inks.items() if share > LEAST_INK}

    @property
    def is_white(self) -> bool:
        """White by process values; an RGB or Lab white is left to the conversion."""
        return self.space.kind in ("DeviceCMYK", "DeviceGray", "ICCBased") and (
            self.plates() == {} or (self.space.family == "grey" and self.values == (1.0,))
        )

    @property
    def is_black_only(self) -> bool:
        plates = self.plates()
        return plates is not None and list(plates) == ["Black"] and plates["Black"] > 0.995


@dataclass(frozen=True, slots=True)
class Look:
    """How marks mix with what is beneath them."""

    fill_overprint: bool = False
    stroke_overprint: bool = False
    overprint_mode: int = 0
    fill_alpha: float = 1.0
    stroke_alpha: float = 1.0
    blend: str = "Normal"
    soft_mask: bool = False

    @property
    def is_transparent(self) -> bool:
        return (
            self.soft_mask or self.blend != "Normal" or self.fill_alpha < 1 or self.stroke_alpha < 1
        )


@dataclass(frozen=True, slots=True)
class Font:
    """`kind` is Type1, TrueType, Type0, Type3, MMType1 …; a Type 3 font is always inside."""

    name: str
    kind: str
    embedded: bool
    subset: bool
    unicode: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """`size_pt` is the font's size on the page; null when the font does not tell its em."""

    font: Font | None
    size_pt: float | None
    render_mode: int

    @property
    def is_invisible(self) -> bool:
        return self.render_mode in (3, 7)


@dataclass(frozen=True, slots=True)
class Image:
    """A placed picture; `ppi` across and down, on the page. `source` is the reader's own."""

    width_px: int
    height_px: int
    bits: int
    space: Space | None
    is_mask: bool
    soft_mask: bool
    filters: tuple[str, ...]
    ppi: tuple[float, float]
    inline: bool = False
    source: Any = field(default=None, compare=False, repr=False)

    @property
    def effective_ppi(self) -> float:
        return min(self.ppi)


MarkKind = Literal["text", "path", "image", "shading"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that a page paints, cut to its clip. `lines` are its straight strokes if few.

    `line_pt` is the width of its stroke, `thickness_pt` the short side of a filled path.
    """

    kind: MarkKind
    box: Box
    fill: Colour | None = None
    stroke: Colour | None = None
    line_pt: float | None = None
    look: Look = Look()
    layer: str | None = None
    text: Text | None = None
    image: Image | None = None
    lines: tuple[Box, ...] = ()
    thickness_pt: float | None = None

    def colours(self) -> list[Colour]:
        return [colour for colour in (self.fill, self.stroke) if colour]


@dataclass(frozen=True, slots=True)
class Annotation:
    kind: str
    box: Box | None
    hidden: bool
    prints: bool
    action: str | None = None


@dataclass
class PageFacts:
    """A page. A box that the file does not give is null; `crop` is what is shown.

    `artwork` is left to who judges: the marks without those of the printer round the page.
    `unit` is the size of one unit of user space in points (UserUnit).
    """

    number: int
    media: Box
    crop: Box
    bleed: Box | None = None
    trim: Box | None = None
    art: Box | None = None
    rotation: int = 0
    unit: float = 1.0
    marks: list[Mark] = field(default_factory=list)
    fonts: set[Font] = field(default_factory=set)
    annotations: list[Annotation] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    group_space: str | None = None
    artwork: list[Mark] | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def finished(self) -> Box:
        """What is left after cutting: the trim box, else the art box, else what is shown."""
        return self.trim or self.art or self.crop

    def mm(self, points: float) -> float:
        return points * self.unit * MM

    def size_mm(self) -> tuple[float, float]:
        left, bottom, right, top = self.finished
        size = self.mm(right - left), self.mm(top - bottom)
        return size if self.rotation % 180 == 0 else size[::-1]

    def region(self, box: Box) -> Region:
        """Shares of the page as it is shown: cropped and turned."""
        left, bottom, right, top = self.crop
        across, up = right - left, top - bottom
        x0, x1 = (_share((x - left) / across) for x in (box[0], box[2]))
        y0, y1 = (_share((top - y) / up) for y in (box[3], box[1]))
        for _ in range(self.rotation // 90 % 4):
            x0, y0, x1, y1 = 1 - y1, x0, 1 - y0, x1
        return Region(x=round(x0, 5), y=round(y0, 5), w=round(x1 - x0, 5), h=round(y1 - y0, 5))


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))


@dataclass(frozen=True)
class Layer:
    name: str
    visible: bool
    prints: bool | None = None


@dataclass(frozen=True)
class OutputIntent:
    """`components` counts the inks of the embedded profile; null without one."""

    kind: str
    condition: str
    info: str = ""
    profile: str | None = None
    components: int | None = None


@dataclass
class DocumentFacts:
    version: str
    encrypted: bool = False
    permissions_limited: bool = False
    pdfx: str | None = None
    trapped: str | None = None
    layers: list[Layer] = field(default_factory=list)
    output_intents: list[OutputIntent] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    embedded_files: list[str] = field(default_factory=list)
    form_fields: int = 0
    xfa: bool = False


@dataclass
class PdfFacts:
    """`notes` say what could not be read; a page's own are with the page.

    `opened` holds the file open for as long as the samples of its pictures may be asked for.
    """

    document: DocumentFacts
    pages: list[PageFacts]
    notes: list[str] = field(default_factory=list)
    opened: Any = field(default=None, compare=False, repr=False)

    def page(self, number: int) -> PageFacts:
        return self.pages[number - 1]
