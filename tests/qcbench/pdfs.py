"""Draws a two-page PDF for print, as it should be or with one thing wrong."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String
from PIL import Image, ImageFont
from pydantic import JsonValue

MM = 72 / 25.4
BLEED_MM, SLUG_MM = 3.0, 12.0
TRIM_MM = (148.0, 105.0)
PICTURE_MM = (70.0, 50.0)
WIDTH = 600
"""Of each letter, in thousandths of its size; true widths do not matter here."""


@dataclass(frozen=True)
class PrintJob:
    """What a PDF is made of. A defect is this with one thing changed."""

    seed: int
    bleed_mm: float = BLEED_MM
    marks: bool = True
    embedded: bool = True
    picture_ppi: int = 300
    picture_space: str = "/DeviceCMYK"
    panel: str = "0.9 0.6 0.2 0.1 k"
    line_pt: float = 0.5
    small_pt: float = 9.0
    further: str = ""
    """Operators at the end of page one."""

    same_pages: bool = False
    intent: bool = True
    finish: Callable[[Pdf], None] = lambda pdf: None


@dataclass(frozen=True)
class PrintDefect:
    name: str
    check: str
    change: Callable[[PrintJob], PrintJob]


def write_pdf(job: PrintJob, path: Path) -> None:
    pdf = Pdf.new()
    for number in (1, 2):
        _page(pdf, job, 1 if job.same_pages else number)
    if job.intent:
        pdf.Root.OutputIntents = Array([_intent()])
    job.finish(pdf)
    pdf.save(path)


def _page(pdf: Pdf, job: PrintJob, number: int) -> None:
    pdf.add_blank_page(page_size=(_media(0), _media(1)))
    page = pdf.pages[-1]
    low, width, height = SLUG_MM * MM, TRIM_MM[0] * MM, TRIM_MM[1] * MM
    bleed = job.bleed_mm * MM
    page.TrimBox = Array([low, low, low + width, low + height])
    page.BleedBox = Array([low - bleed, low - bleed, low + width + bleed, low + height + bleed])
    page.Resources = Dictionary(
        Font=Dictionary(F1=_font(pdf, job.embedded)),
        XObject=Dictionary(P1=_picture(pdf, job, number)),
        ExtGState=Dictionary(
            Over=Dictionary(Type=Name.ExtGState, OP=True, op=True, OPM=1),
        ),
        ColorSpace=Dictionary(Spot=_spot(pdf)),
    )
    page.Contents = pdf.make_stream(_content(job, number).encode())


def _media(side: int) -> float:
    return (TRIM_MM[side] + 2 * SLUG_MM) * MM


def _content(job: PrintJob, number: int) -> str:
    low, width, height = SLUG_MM * MM, TRIM_MM[0] * MM, TRIM_MM[1] * MM
    bleed = job.bleed_mm * MM
    across, down = (side * MM for side in PICTURE_MM)
    left, top = low + 12 * MM, low + height - 12 * MM
    ground = f"{low - bleed} {low - bleed} {width + 2 * bleed} {height + 2 * bleed} re f"
    parts = [
        f"q {job.panel} {ground} Q",
        f"q {across} 0 0 {down} {left} {low + 14 * MM} cm /P1 Do Q",
        f"q 0 0 0 0 k BT /F1 24 Tf {left} {top - 20} Td (Made for slow page {number}) Tj ET Q",
        f"q 0 0 0 0 k BT /F1 {job.small_pt} Tf {left} {low + 7 * MM} Td"
        " (Contains no alcohol. Please recycle.) Tj ET Q",
        f"q 0 0 0 0 K {job.line_pt} w {left} {top - 40} m {left + 200} {top - 40} l S Q",
    ]
    if job.marks:
        parts.append(_marks())
    if number == 1:
        parts.append(job.further)
    return "\n".join(parts)


def _marks() -> str:
    """Crop marks at the four corners, from 3.5 to 9 mm outside the trim."""
    low = SLUG_MM * MM
    right, top = low + TRIM_MM[0] * MM, low + TRIM_MM[1] * MM
    near, far = 3.5 * MM, 9 * MM
    lines = []
    for x, away in ((low, -1), (right, 1)):
        for y, up in ((low, -1), (top, 1)):
            lines.append(f"{x + away * near} {y} m {x + away * far} {y} l S")
            lines.append(f"{x} {y + up * near} m {x} {y + up * far} l S")
    return "q 1 1 1 1 K 0.25 w " + " ".join(lines) + " Q"


def _font(pdf: Pdf, embedded: bool) -> Object:
    if not embedded:
        return pdf.make_indirect(
            Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        )
    loaded: Any = ImageFont.load_default(24)
    program = loaded.path.getvalue()
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name("/BCDEFG+Aileron"),
        Flags=32,
        FontBBox=Array([0, -200, 1000, 800]),
        ItalicAngle=0,
        Ascent=800,
        Descent=-200,
        CapHeight=700,
        StemV=80,
        FontFile2=pdf.make_indirect(Stream(pdf, program)),
    )
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.TrueType,
            BaseFont=Name("/BCDEFG+Aileron"),
            FirstChar=32,
            LastChar=126,
            Widths=Array([WIDTH] * 95),
            Encoding=Name.WinAnsiEncoding,
            FontDescriptor=pdf.make_indirect(descriptor),
        )
    )


def _picture(pdf: Pdf, job: PrintJob, number: int) -> Object:
    """Clouds in light inks, another on each page."""
    width, height = (max(2, round(side / 25.4 * job.picture_ppi)) for side in PICTURE_MM)
    noise = np.random.default_rng(100 * job.seed + number)
    coarse = Image.fromarray((noise.random((9, 12)) * 120).astype(np.uint8))
    one = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    channels = 4 if job.picture_space == "/DeviceCMYK" else 3
    share = np.array([0.8, 0.6, 0.9, 0.1][:channels])
    pixels = (one[..., None] * share).astype(np.uint8)
    stream = Stream(pdf, zlib.compress(pixels.tobytes()))
    stream.Type, stream.Subtype = Name.XObject, Name.Image
    stream.Width, stream.Height = width, height
    stream.ColorSpace, stream.BitsPerComponent = Name(job.picture_space), 8
    stream.Filter = Name.FlateDecode
    return pdf.make_indirect(stream)


def _spot(pdf: Pdf) -> Object:
    to_cmyk = Dictionary(
        FunctionType=2,
        Domain=Array([0, 1]),
        C0=Array([0, 0, 0, 0]),
        C1=Array([0, 0.8, 0.9, 0]),
        N=1,
    )
    return pdf.make_indirect(
        Array([Name.Separation, Name("/PANTONE 485 C"), Name.DeviceCMYK, to_cmyk])
    )


def _intent() -> Dictionary:
    return Dictionary(
        Type=Name.OutputIntent,
        S=Name.GTS_PDFX,
        OutputConditionIdentifier=String("FOGRA51"),
        RegistryName=String("http://www.color.org"),
    )


def print_job(seed: int) -> PrintJob:
    random = Random(seed)
    return PrintJob(seed, picture_ppi=random.randint(240, 330), small_pt=random.uniform(8.2, 10))


def _with_note(pdf: Pdf) -> None:
    note = Dictionary(
        Type=Name.Annot, Subtype=Name.Text, Rect=Array([90, 90, 110, 110]), Contents=String("Look")
    )
    pdf.pages[0].Annots = Array([pdf.make_indirect(note)])


def _with_script(pdf: Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String("app.alert('hello')"))


def _with_attachment(pdf: Pdf) -> None:
    pdf.attachments["notes.txt"] = b"not for the printer"


def further(operators: str) -> Callable[[PrintJob], PrintJob]:
    return lambda job: replace(job, further=operators)


PRINT_DEFECTS: tuple[PrintDefect, ...] = (
    PrintDefect("no_bleed", "print_bleed", lambda j: replace(j, bleed_mm=0)),
    PrintDefect("narrow_bleed", "print_bleed", lambda j: replace(j, bleed_mm=1.5)),
    PrintDefect("no_marks", "crop_marks", lambda j: replace(j, marks=False)),
    PrintDefect("font_outside", "pdf_fonts", lambda j: replace(j, embedded=False)),
    PrintDefect("coarse_picture", "pdf_images", lambda j: replace(j, picture_ppi=72)),
    PrintDefect("screen_picture", "pdf_colour", lambda j: replace(j, picture_space="/DeviceRGB")),
    PrintDefect("screen_panel", "pdf_colour", lambda j: replace(j, panel="0.1 0.2 0.6 rg")),
    PrintDefect("too_much_ink", "pdf_colour", lambda j: replace(j, panel="0.9 0.9 0.9 0.75 k")),
    PrintDefect("unknown_spot", "pdf_colour", further("q /Spot cs 1 scn 60 60 90 40 re f Q")),
    PrintDefect(
        "white_overprints", "pdf_colour", further("q /Over gs 0 0 0 0 k 200 90 60 30 re f Q")
    ),
    PrintDefect("hairline", "pdf_hairlines", lambda j: replace(j, line_pt=0.05)),
    PrintDefect("tiny_print", "min_text_size", lambda j: replace(j, small_pt=3.2)),
    PrintDefect("page_twice", "duplicate_pages", lambda j: replace(j, same_pages=True)),
    PrintDefect("note_left", "pdf_contents", lambda j: replace(j, finish=_with_note)),
    PrintDefect("script", "pdf_contents", lambda j: replace(j, finish=_with_script)),
    PrintDefect("attachment", "pdf_contents", lambda j: replace(j, finish=_with_attachment)),
    PrintDefect("no_intent", "pdf_output_intent", lambda j: replace(j, intent=False)),
)
PRINT_CHECKS = tuple(dict.fromkeys(defect.check for defect in PRINT_DEFECTS))
PRINT_PARAMETERS: dict[str, dict[str, JsonValue]] = {"pdf_colour": {"allowed_spots": []}}
