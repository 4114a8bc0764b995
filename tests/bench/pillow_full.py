"""A picture prepared by Pillow in full, in a process whose CPU and memory are its own.

`python -m tests.bench.pillow_full FILE SIDE_PX TIMES` decodes the whole picture, scales it with
LANCZOS, saves it as JPEG (q90, 4:4:4), and prints JSON; the first time is not counted. With a PDF
it rasterises every page with pypdfium2 to that side, and does nothing else.
"""

import json
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import psutil
import pypdfium2 as pdfium
from PIL import Image

from tests.bench.board import typical
from tests.bench.running import Watched


def prepare(path: Path, side_px: int) -> float:
    """Seconds of CPU that decoding took."""
    began_s = time.process_time()
    with Image.open(path) as image:
        image.load()
        decoded_s = time.process_time() - began_s
        whole = image if image.mode == "RGB" else image.convert("RGB")
        scale = min(1.0, side_px / max(image.size))
        size = round(image.width * scale), round(image.height * scale)
        small = whole.resize(size, Image.Resampling.LANCZOS)
        small.save(BytesIO(), "JPEG", quality=90, subsampling=0)
    return decoded_s


def rasterise(path: Path, side_px: int) -> float:
    began_s = time.process_time()
    with pdfium.PdfDocument(path) as document:
        for page in document:
            page.render(scale=side_px / max(page.get_size()), rev_byteorder=True)
            page.close()
    return time.process_time() - began_s


def measure(way: Callable[[Path, int], float], path: Path, side_px: int) -> tuple[float, ...]:
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    decoding_s = way(path, side_px)
    return time.process_time() - cpu_s, time.perf_counter() - wall_s, decoding_s


def main() -> None:
    path, side_px, times = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    way = rasterise if path.suffix == ".pdf" else prepare
    Image.new("RGB", (64, 64)).resize((32, 32)).save(BytesIO(), "JPEG")
    own = Watched(psutil.Process())
    began_bytes = own.memory_bytes()
    measure(way, path, side_px)
    taken = [measure(way, path, side_px) for _ in range(times)]
    names = ("cpu_s", "wall_s", "decoding_s")
    found = dict(zip(names, map(typical, zip(*taken, strict=True)), strict=True))
    print(json.dumps(found | {"growth_bytes": own.memory_bytes() - began_bytes}))


if __name__ == "__main__":
    main()
