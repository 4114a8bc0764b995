"""The one way to open a creative: sniffed, limited, decoded to upright sRGB pages.

Runs in a limited child process, never in the service itself; the decoders are imported there.
"""

from pathlib import Path

from services.qc.domain.creative import FILMED, Creative, Limits
from services.qc.domain.file_types import HEAD_BYTES, sniff

WHITE = (255, 255, 255)


def open_creative(
    path: Path,
    limits: Limits,
    *,
    name: str | None = None,
    background: tuple[int, int, int] = WHITE,
    lazy: bool = False,
) -> Creative:
    """`name` is what the file was called where it came from, when `path` is not that.

    Transparency is laid on `background`. With `lazy` a file that is damaged may be found out
    only when a page is asked for. Raises Unreadable.
    """
    with path.open("rb") as file:
        format = sniff(file.read(HEAD_BYTES))
    shown_as = name or path.name
    if format == "PDF":
        from services.qc.pdf import open_pdf

        return open_pdf(path, limits, shown_as, lazy)
    if format == "SVG":
        from services.qc.svg import open_svg

        return open_svg(path, limits, shown_as, background)
    if format == "PSD":
        from services.qc.psd import open_psd

        return open_psd(path, limits, shown_as, background)
    if format in FILMED:
        from services.qc.video import open_video

        return open_video(path, format, limits, shown_as)
    from services.qc.raster import open_raster

    return open_raster(path, format, limits, shown_as, background, lazy)
