"""Exact check: whether a JPEG is whole.

A JPEG that lost bytes on its way opens everywhere: what was behind them is shifted, discoloured
or grey, and decoders say nothing. ffmpeg's counts the places that cannot be so.
"""

import io
import struct

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.subject import Subject

START, SCAN, FILL = b"\xff\xd8", 0xDA, 0xFF
KNOWN, BITS = {0xC0, 0xC1, 0xC2}, 8
"""Baseline, extended and progressive: what decoders other than libjpeg read as well."""

LEFT_OUT = {*range(0xE0, 0xF0), 0xFE}
"""Segments APP0 to APP15 and comments: what they say of the picture, or carry beside it."""

WITHOUT_LENGTH = {0x01, 0xD8, 0xD9, *range(0xD0, 0xD8)}


class FileIntegrity(Parameters):
    """It has no parameters."""


def measure(subject: Subject, _parameters: FileIntegrity) -> Measured:
    """Score: 0 or 100. Where bytes were changed, not lost, a few blocks may go unnoticed."""
    creative = subject.creative
    if creative.format != "JPEG" or creative.path is None:
        return not_applicable("This is looked for in JPEGs: they open also when parts are missing.")
    picture = _picture_alone(creative.path.read_bytes())
    is_whole = _decodes_whole(picture) if picture else None
    if is_whole is None:
        return not_applicable("This kind of JPEG is too rare to be looked through.")
    damaged = Finding(
        severity="critical",
        message="The JPEG is damaged: a part of its data is missing or was changed.",
        measured="data that no encoder writes",
        rule="decodes without a fault",
        fix="Export it again, or send the original again: parts of the picture may be shifted, "
        "discoloured or grey.",
    )
    return judged([] if is_whole else [damaged], {"whole": is_whole})


def _decodes_whole(jpeg: bytes) -> bool | None:
    """None for a kind that ffmpeg does not know, or shows nothing of."""
    import av  # the catalogue is read without it

    options = {"err_detect": "explode"}
    try:
        with av.open(io.BytesIO(jpeg), "r", "jpeg_pipe", options) as container:
            [stream] = container.streams.video
            stream.codec_context.options = options
            stream.codec_context.thread_count = 1
            return True if next(container.decode(stream), None) else None
    except av.error.InvalidDataError:
        return False
    except (av.error.FFmpegError, ValueError):
        return None


def _picture_alone(jpeg: bytes) -> bytes | None:
    """The JPEG without what is beside its picture: a faulty EXIF block is no damage to that.

    None unless it is of the kinds in `KNOWN`, in eight bits.
    """
    kept, at, is_known = [START], len(START), False
    while at + 5 <= len(jpeg) and jpeg[at] == 0xFF and jpeg[at + 1] != SCAN:
        marker = jpeg[at + 1]
        if marker == FILL:
            at += 1
            continue
        length = 0 if marker in WITHOUT_LENGTH else struct.unpack_from(">H", jpeg, at + 2)[0]
        is_known = is_known or (marker in KNOWN and jpeg[at + 4] == BITS)
        if marker not in LEFT_OUT:
            kept.append(jpeg[at : at + 2 + length])
        at += 2 + length
    return b"".join([*kept, jpeg[at:]]) if is_known else None


CHECK = ExactCheck(
    measures="Whether a JPEG is whole: data that was lost or changed on its way",
    unit="",
    parameters=FileIntegrity,
    measure=measure,
)
