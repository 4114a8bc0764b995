"""What a file says about itself: how it is stored, how it moves, which layers it has."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from libs.contracts.qc import Region

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Motion:
    """How an animation or a video runs.

    `plays` says how often it is shown in a row, 0 for ever; null for a video. Codecs have
    ffmpeg's names; bit rates are bits per second, the first of the whole file. The key frame
    interval is the longest one. `frame_rate` is the average.
    """

    duration_s: float
    frames: int
    frame_rate: float
    plays: int | None = None
    video_codec: str | None = None
    pixel_format: str | None = None
    video_bit_rate: int | None = None
    bit_rate: int | None = None
    key_frame_interval_s: float | None = None
    square_pixels: bool = True
    rotation_deg: int = 0
    audio_codec: str | None = None
    audio_channels: int | None = None
    sample_rate_hz: int | None = None


@dataclass(frozen=True)
class Layer:
    """One layer, from the topmost down; `path` names the groups around it, outermost first.

    `hidden` counts only its own switch; `empty` says that it holds nothing that could be seen.
    """

    name: str
    kind: Literal["group", "picture", "text", "shape", "adjustment", "smart object", "optional"]
    path: tuple[str, ...] = ()
    hidden: bool = False
    empty: bool = False
    region: Region | None = None


@dataclass(frozen=True)
class FileFacts:
    """The file as stored, before anything is converted.

    `mode` is a Pillow mode (RGB, RGBA, CMYK, L, P, I;16 …), "PDF", "SVG" or "video";
    `bit_depth` counts bits of one channel; `orientation` is the EXIF tag (1 is upright).
    `layers` is null where the format has none. `notes` are sentences for people: what was
    left out or replaced so that the file could be shown.
    """

    file_name: str
    byte_size: int
    mode: str
    bit_depth: int | None = None
    alpha: bool = False
    icc_profile: str | None = None
    dpi: tuple[float, float] | None = None
    orientation: int = 1
    frames: int = 1
    motion: Motion | None = None
    layers: tuple[Layer, ...] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Frame:
    """One frame as it is shown: when, for how long, and its pixels (height, width, 3)."""

    at_s: float
    duration_s: float
    rgb: "NDArray[np.uint8]"
