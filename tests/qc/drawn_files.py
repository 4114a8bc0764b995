"""Small files that Pillow cannot write, made on the spot: film, sound, Photoshop."""

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
