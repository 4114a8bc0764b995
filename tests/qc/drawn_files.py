"""Small files of each kind, made on the spot: film, sound, HEIC, Photoshop."""

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import Compression, Resource
from psd_tools.psd.image_resources import ImageResource, VersionInfo

SIZE = (96, 64)
CODECS: dict[str, tuple[str, dict[str, str]]] = {
    ".mp4": ("libx264", {"preset": "ultrafast", "crf": "12"}),
    ".mov": ("libx264", {"preset": "ultrafast", "crf": "12"}),
    ".webm": ("libvpx", {"deadline": "realtime", "cpu-used": "8", "crf": "10", "b": "2M"}),
}
VOICES = {".mp4": "aac", ".mov": "aac", ".webm": "libopus"}


def film(
    path: Path,
    pictures: Iterable[Image.Image],
    rate: int = 25,
    sound: np.ndarray[Any, Any] | None = None,
    turn_deg: int = 0,
    options: dict[str, str] | None = None,
) -> Path:
    """`sound` has a row for each channel, at 48 kHz, 1.0 being full scale."""
    frames = list(pictures)
    codec, usual = CODECS[path.suffix]
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream(codec, rate=rate, options={**usual, **(options or {})})
        video.width, video.height = frames[0].size
        video.pix_fmt = "yuv420p"
        video.thread_count = 1
        if turn_deg:
            video.set_display_rotation(turn_deg)
        audio: Any = None
        if sound is not None:
            layout = "mono" if len(sound) == 1 else "stereo"
            audio = container.add_stream(VOICES[path.suffix], rate=48_000, layout=layout)
        for frame in frames:
            pixels = av.VideoFrame.from_ndarray(np.asarray(frame.convert("RGB")), format="rgb24")
            container.mux(video.encode(pixels))
        container.mux(video.encode(None))
        if sound is not None:
            _speak(container, audio, sound)
    return path


def _speak(container: Any, audio: Any, sound: np.ndarray[Any, Any]) -> None:
    layout = "mono" if len(sound) == 1 else "stereo"
    whole: Any = av.AudioFrame.from_ndarray(sound.astype(np.float32), "fltp", layout)
    whole.sample_rate, whole.pts = 48_000, 0
    fifo = av.AudioFifo()
    fifo.write(whole)
    resampler = av.AudioResampler(format=audio.format, layout=layout, rate=48_000)
    while (part := fifo.read(960, partial=True)) is not None:
        for fitting in resampler.resample(part):
            container.mux(audio.encode(fitting))
    container.mux(audio.encode(None))


def tone(seconds: float, share: float, hertz: float = 1000.0) -> np.ndarray[Any, Any]:
    """A stereo sine of `share` of full scale."""
    wave = share * np.sin(2 * np.pi * hertz * np.arange(round(48_000 * seconds)) / 48_000)
    return np.stack([wave, wave])


def heic(path: Path, image: Image.Image, quarter_turns: int = 0) -> Path:
    """A HEIC of one picture, turned counterclockwise by players: boxes around an HEVC frame.

    No library at hand writes one. Source: ISO/IEC 23008-12 and 14496-12.
    """
    inside = path.with_suffix(".hevc.mp4")
    with av.open(str(inside), "w") as container:
        params = {"x265-params": "log-level=none:pools=1:lossless=1:ctu=16"}
        stream: Any = container.add_stream("libx265", rate=1, options=params)
        stream.width, stream.height = image.size
        stream.pix_fmt = "yuv444p"
        frame = av.VideoFrame.from_ndarray(np.asarray(image.convert("RGB")), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    content = inside.read_bytes()
    with av.open(str(inside)) as container:
        sample = bytes(next(container.demux(container.streams.video[0])))
    at = content.index(b"hvcC") - 4
    hvcc = content[at : at + int.from_bytes(content[at : at + 4])]
    path.write_bytes(_heif(hvcc, sample, image.size, quarter_turns))
    inside.unlink()
    return path


def _heif(hvcc: bytes, sample: bytes, size: tuple[int, int], quarter_turns: int) -> bytes:
    ftyp = _box(b"ftyp", b"heic\0\0\0\0mif1heic")
    ispe = _box(b"ispe", struct.pack(">III", 0, *size))
    irot = _box(b"irot", bytes([quarter_turns]))
    ipma = _box(b"ipma", struct.pack(">IIHB3B", 0, 1, 1, 3, 0x81, 0x02, 0x83))
    iprp = _box(b"iprp", _box(b"ipco", hvcc + ispe + irot) + ipma)
    infe = _box(b"infe", struct.pack(">IHH", 2 << 24, 1, 0) + b"hvc1\0")
    iinf = _box(b"iinf", struct.pack(">IH", 0, 1) + infe)
    hdlr = _box(b"hdlr", bytes(8) + b"pict" + bytes(13))
    pitm = _box(b"pitm", struct.pack(">IH", 0, 1))

    def meta(offset: int) -> bytes:
        place = struct.pack(">IBBHHHHII", 0, 0x44, 0, 1, 1, 0, 1, offset, len(sample))
        return _box(b"meta", bytes(4) + hdlr + pitm + _box(b"iloc", place) + iinf + iprp)

    start = len(ftyp) + len(meta(0)) + 8
    return ftyp + meta(start) + _box(b"mdat", sample)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def psd(path: Path, image: Image.Image, large: bool = False) -> Any:
    """A document with `image` as its flattened picture; add layers, then call `saved`."""
    stored = image
    if image.mode == "CMYK":
        stored = Image.fromarray(255 - np.asarray(image), "CMYK")
    document = PSDImage.frompil(stored, compression=Compression.RAW)
    if large:
        document._record.header.version = 2
    return document


def saved(document: Any, path: Path) -> Path:
    document.save(path)
    return path


def without_flattened_picture(document: Any) -> None:
    """What Photoshop writes when “Maximize Compatibility” is off."""
    info = VersionInfo(1, False, "test", "test", 1)
    key = Resource.VERSION_INFO
    document.image_resources[key] = ImageResource(key=key.value, data=info.tobytes())
