"""What a video file says about itself, from its packets; one frame is decoded."""

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from services.qc.domain.creative import Limits, Unreadable
from services.qc.domain.facts import Motion
from services.qc.pillow_file import check_pixels

MAX_PACKETS = 2_000_000
MIN_DURATION_S, MAX_DURATION_S = 0.002, 4 * 3600.0
MISSING_S, MISSING_SHARE = 1.0, 0.1
HDR_TRANSFERS = {16: "PQ", 18: "HLG"}


@dataclass(frozen=True)
class Track:
    """The video track. `width` and `height` are as shown before the turn, in square pixels."""

    width: int
    height: int
    duration_s: float
    frames: int
    starts_s: float
    turn_deg: int
    motion: Motion
    key_frames_s: list[float]
    notes: tuple[str, ...] = ()

    @property
    def frame_s(self) -> float:
        return self.duration_s / self.frames

    def key_frame_before(self, at_s: float) -> float:
        """Time of the last key frame up to `at_s`, from the start of the track."""
        before = bisect_right(self.key_frames_s, at_s + self.starts_s)
        return self.key_frames_s[before - 1] - self.starts_s if before else 0.0


def track_of(container: Any, byte_size: int, limits: Limits) -> Track:
    """Reads every packet of the file. Raises Unreadable."""
    streams = [s for s in container.streams.video if not _is_cover(s)]
    if not streams or streams[0].index != container.streams.video[0].index:
        detail = "The file has sound but no moving picture. Upload the video."
        raise Unreadable("no_picture", detail)
    stream = streams[0]
    context = stream.codec_context
    if context is None or context.width < 1 or context.height < 1:
        codec = "" if context is None else f" ({context.name})"
        detail = f"The video's codec{codec} cannot be read. Export it as H.264 in MP4."
        raise Unreadable("type_not_supported", detail)
    check_pixels(context.width * context.height, limits)
    packets = _read(container, stream, byte_size)
    aspect = float(stream.sample_aspect_ratio or 1) or 1.0
    width = max(1, round(context.width * aspect)) if 0.1 < aspect < 10 else context.width
    motion = replace(_motion(container, stream, packets), square_pixels=abs(aspect - 1) < 0.001)
    turn = _turn(container, stream)
    return Track(
        width,
        context.height,
        motion.duration_s,
        motion.frames,
        packets.first_s,
        turn,
        replace(motion, rotation_deg=turn),
        packets.key_frames_s,
        _notes(context),
    )


def motion_of(track: Track, byte_size: int) -> Motion:
    return replace(track.motion, bit_rate=round(8 * byte_size / track.duration_s))


def _notes(context: Any) -> tuple[str, ...]:
    transfer = HDR_TRANSFERS.get(context.color_trc)
    if transfer is None:
        return ()
    return (f"The video is HDR ({transfer}); its frames are shown flatter than a player does.",)


@dataclass
class _Packets:
    count: int = 0
    bytes: int = 0
    first_s: float = 0.0
    end_s: float = 0.0
    last_s: float = 0.0
    key_frames_s: list[float] = field(default_factory=list)


def _is_cover(stream: Any) -> bool:
    return "attached_pic" in str(stream.disposition)


def _read(container: Any, stream: Any, byte_size: int) -> _Packets:
    packets, times, keys = _Packets(), [], []
    base = float(stream.time_base or 0)
    for packet in container.demux():
        if packet.pts is None or not packet.size:
            continue
        if packet.stream.index != stream.index:
            packets.last_s = max(packets.last_s, float(packet.pts * packet.time_base))
            continue
        if packets.count >= MAX_PACKETS:
            raise Unreadable("too_many_pages", "The video has too many frames. Shorten it.")
        packets.count += 1
        packets.bytes += packet.size
        at_s = packet.pts * base
        times.append(at_s)
        packets.end_s = max(packets.end_s, at_s + (packet.duration or 0) * base)
        if packet.is_keyframe:
            keys.append(at_s)
    if not times:
        raise Unreadable("no_picture", "The video shows no frame. Export it again.")
    packets.first_s = min(times)
    packets.key_frames_s = sorted(keys)
    _check_whole(container, stream, max(packets.last_s, packets.end_s), byte_size)
    return packets


def _check_whole(container: Any, stream: Any, end_s: float, byte_size: int) -> None:
    """A file that is cut short names more frames, or a longer time, than it has."""
    entries = stream.index_entries
    named = entries[-1].pos + entries[-1].size if len(entries) else 0
    told_s = (container.duration or 0) / 1e6
    if named > byte_size or told_s - end_s > max(MISSING_S, MISSING_SHARE * told_s):
        detail = "The video is cut short. Upload it again from the original."
        raise Unreadable("truncated", detail)


def _motion(container: Any, stream: Any, packets: _Packets) -> Motion:
    told_s = float(stream.duration * stream.time_base) if stream.duration else 0.0
    duration_s = max(packets.end_s - packets.first_s, 0.0) or told_s
    average = float(stream.average_rate or 0)
    duration_s = duration_s or packets.count / (average or 25.0)
    if not MIN_DURATION_S <= duration_s <= MAX_DURATION_S:
        detail = f"The video runs {duration_s:.3f} s, which cannot be. Export it again."
        raise Unreadable("damaged", detail)
    sound = container.streams.audio[0] if container.streams.audio else None
    context = sound.codec_context if sound is not None else None
    keys = [*packets.key_frames_s, packets.first_s + duration_s]
    apart_s = [later - earlier for earlier, later in pairwise(keys)]
    return Motion(
        duration_s=round(duration_s, 3),
        frames=packets.count,
        frame_rate=round(packets.count / duration_s, 3),
        video_codec=stream.codec_context.codec.canonical_name,
        pixel_format=stream.codec_context.pix_fmt,
        video_bit_rate=round(8 * packets.bytes / duration_s),
        key_frame_interval_s=round(max(apart_s), 3) if apart_s else None,
        audio_codec=context.codec.canonical_name if context else ("unknown" if sound else None),
        audio_channels=context.channels if context else None,
        sample_rate_hz=context.sample_rate if context else None,
    )


def _turn(container: Any, stream: Any) -> int:
    """The counterclockwise turn for players, in whole quarters: it is told with the frames."""
    container.seek(0)
    frame = next(iter(container.decode(stream)), None)
    return round((frame.rotation if frame else 0) / 90) * 90 % 360
