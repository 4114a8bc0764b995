"""Opens MP4, MOV and WebM with PyAV: what the container says, and a few frames as pages.

ffmpeg gets one open file and no way to another: the parser is chosen here, and every name that
a file asks for is refused. One thread, so that the limits of the process hold.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from services.qc.animation import shrunk
from services.qc.domain.creative import Creative, FileFormat, Limits, Page, Rgb, Unreadable
from services.qc.domain.facts import FileFacts, Frame
from services.qc.domain.film import key_times
from services.qc.video_facts import Track, motion_of, track_of

DEMUXERS: dict[FileFormat, str] = {"MP4": "mp4", "MOV": "mov", "WEBM": "webm"}
MAX_FORWARD_PIXELS = 300_000_000
"""Decoded to get to the next frame that is wanted; further is not gone."""

ALIKE = 1.0
"""Mean difference of two small pictures, in levels, below which they show the same."""

HD_LINES = 720
BT_709 = 1
TURNS = {
    90: cv2.ROTATE_90_COUNTERCLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_CLOCKWISE,
}
"""By the counterclockwise turn that the file asks players for."""


def open_video(path: Path, format: FileFormat, limits: Limits, name: str) -> Creative:
    """Its pages are up to five frames that differ. Raises Unreadable."""
    with video_file(path, format, limits) as container:
        track = track_of(container, path.stat().st_size, limits)
        shots = list(_shots(container, track, limits))
    if not shots:
        raise Unreadable("no_picture", "The video shows no frame. Export it again.")
    facts = FileFacts(
        name,
        path.stat().st_size,
        mode="video",
        frames=track.frames,
        motion=motion_of(track, path.stat().st_size),
        notes=track.notes,
    )
    size = (track.height, track.width) if track.turn_deg % 180 else (track.width, track.height)
    pages = [Page(number, *size, at_s=at_s) for number, (at_s, _) in enumerate(shots, start=1)]

    def decode(page: Page) -> Rgb:
        return shots[page.number - 1][1].copy()

    def play(side_px: int) -> Iterator[Frame]:
        with video_file(path, format, limits) as container:
            yield from _all_frames(container, track, side_px)

    return Creative(format, facts, pages, decode, path=path, play=play)


@contextmanager
def video_file(path: Path, format: FileFormat, limits: Limits) -> Iterator[Any]:
    """The open container; ffmpeg's errors become ours. Raises Unreadable."""
    with ExitStack() as stack:
        file = stack.enter_context(path.open("rb"))
        try:
            container = stack.enter_context(
                av.open(
                    file,
                    format=DEMUXERS[format],
                    io_open=_refuse,
                    metadata_errors="replace",
                    container_options={"protocol_whitelist": "pipe", "max_streams": "32"},
                )
            )
            for stream in container.streams.video:
                stream.thread_count = 1
                stream.codec_context.options = {"max_pixels": str(limits.max_pixels)}
            yield container
        except Unreadable:
            raise
        except MemoryError as error:
            detail = (
                "Opening the video takes more memory than allowed: it is too large, or damaged. "
                "Export it again, as H.264 in MP4."
            )
            raise Unreadable("too_many_pixels", detail) from error
        except Exception as error:
            detail = f"The {format} file is damaged or cut short and cannot be played."
            raise Unreadable("damaged", f"{detail} Export it again, as H.264 in MP4.") from error


def _refuse(url: str, flags: int, options: object) -> object:
    raise PermissionError("a video may not open other files")


def _shots(container: Any, track: Track, limits: Limits) -> Iterator[tuple[float, Rgb]]:
    """Time and pixels of frames at even distances, without those that show the same again."""
    before, side_px = None, min(limits.pdf_side_px, limits.working_side_px)
    for frame in _frames_at(container, track, key_times(track.duration_s)):
        pixels = _upright(frame, track, side_px)
        small = shrunk(pixels, 64).astype(np.float32)
        if before is None or small.shape != before.shape or np.abs(small - before).mean() > ALIKE:
            yield round(max(0.0, (frame.time or 0.0) - track.starts_s), 3), pixels
            before = small


def _frames_at(container: Any, track: Track, times_s: list[float]) -> Iterator[Any]:
    """The frames shown at `times_s`, or ones before where the way from the key frame is long.

    Reading goes on from one to the next where that is shorter than from a key frame.
    """
    stream = container.streams.video[0]
    most = max(1, MAX_FORWARD_PIXELS // (track.width * track.height))
    at_s, frames = -1.0, iter(())
    for wanted_s in times_s:
        key_s = track.key_frame_before(wanted_s)
        if at_s < key_s:
            container.seek(int((key_s + track.starts_s) / stream.time_base), stream=stream)
            frames = container.decode(stream)
        frame: Any = None
        for frame in islice(frames, most):
            at_s = (frame.time or 0.0) - track.starts_s
            if at_s + track.frame_s > wanted_s:
                break
        if frame is not None:
            yield frame


def _all_frames(container: Any, track: Track, side_px: int) -> Iterator[Frame]:
    before: Any = None
    for frame in container.decode(container.streams.video[0]):
        at_s = max(0.0, (frame.time or 0.0) - track.starts_s)
        if before is not None:
            yield Frame(before[0], max(0.0, at_s - before[0]), before[1])
        before = (at_s, _upright(frame, track, side_px))
    if before is not None:
        yield Frame(before[0], track.frame_s, before[1])


def _upright(frame: Any, track: Track, side_px: int) -> Rgb:
    """Square pixels, upright, its longer side at most `side_px`."""
    share = min(1.0, side_px / max(track.width, track.height))
    unknown = frame.colorspace not in (BT_709, 5, 6, 7, 9, 10)
    pixels = frame.reformat(
        width=max(1, round(track.width * share)),
        height=max(1, round(track.height * share)),
        format="rgb24",
        src_colorspace=BT_709 if unknown and frame.height >= HD_LINES else None,
        interpolation="AREA",
        threads=1,
    ).to_ndarray()
    turn = TURNS.get(track.turn_deg)
    return np.asarray(pixels if turn is None else cv2.rotate(pixels, turn), np.uint8)
