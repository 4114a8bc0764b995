"""Reads the text of a page. Imported only where it runs: loading the models takes a second."""

import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import rapidocr

from services.qc.checks.pixels import level
from services.qc.checks.seen import Line
from services.qc.checks.small_print import small_print
from services.qc.domain.creative import Rgb
from services.qc.domain.geometry import Quad, region_of

SEARCH_PIXELS = 960 * 960
SEARCH_SIDE_PX = 2560
READ_HEIGHT_PX = 48
MAX_LINES = 400
LEAST_CONFIDENCE = 0.5
SMALL_PRINT_CONFIDENCE = 0.9
KNOWN_SHARE = 0.5
EVEN_LIMIT = 4.0
EVEN_TILES = 4

Corners = np.ndarray[Any, np.dtype[np.float64]]


def read_lines(rgb: Rgb, known: Sequence[Quad] = ()) -> list[Line]:
    """Lines in reading order, at most `MAX_LINES` of them; none where a `known` line stands.

    Text is searched on a small picture (nine tenths of the time goes there, in proportion to
    its pixels) and read from the full one. The small one is evened out, so that copy which
    hardly stands out is found too. Small print that drowns in it is looked for in the full
    picture by its shape.
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, (SEARCH_PIXELS / (height * width)) ** 0.5, SEARCH_SIDE_PX / max(height, width))
    size = (max(32, round(width * scale)), max(32, round(height * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    found: Any = _engine()(_bgr(_evened(small)), use_cls=False, use_rec=False)
    boxes = [] if found.boxes is None else list(found.boxes[:MAX_LINES])
    stretch = np.array((width / size[0], height / size[1]))
    quads = [np.asarray(box, float) * stretch for box in boxes]
    lines = _read(rgb, _unknown(quads, known, (height, width)), LEAST_CONFIDENCE)
    if scale == 1:
        return lines
    hidden = small_print(rgb, [*known, *(line.quad for line in lines)])
    return lines + _read(rgb, [np.asarray(quad, float) for quad in hidden], SMALL_PRINT_CONFIDENCE)


def _evened(rgb: Any) -> Any:
    """As light and as rich in contrast everywhere: copy that nobody sees is to be found.

    Contrast-limited adaptive histogram equalization of the lightness (Zuiderveld 1994).
    """
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    even = cv2.createCLAHE(EVEN_LIMIT, (EVEN_TILES, EVEN_TILES))
    lab[..., 0] = even.apply(np.ascontiguousarray(lab[..., 0]))
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def _read(rgb: Rgb, quads: list[Corners], least_confidence: float) -> list[Line]:
    """A line on end is read both ways up, and the surer reading counts."""
    crops = [crop for quad in quads for crop in _upright(rgb, quad)]
    if not crops:
        return []
    read: Any = _engine().recognize_txt([_bgr(crop) for crop in crops])
    readings = zip(read.scores, read.txts, strict=True)
    height, width = rgb.shape[:2]
    lines = []
    for quad in quads:
        confidence, text = max(next(readings) for _ in range(_ways_up(quad)))
        if confidence >= least_confidence and text.strip():
            corners = _corners(quad)
            region = region_of(corners, width, height)
            lines.append(Line(text.strip(), float(confidence), corners, region))
    return lines


def _unknown(quads: list[Corners], known: Sequence[Quad], size: tuple[int, int]) -> list[Corners]:
    """Reading a line takes as long as searching a fiftieth of the page: known ones are spared."""
    if not known:
        return quads
    mask = np.zeros((*size, 3), np.uint8)
    for quad in known:
        cv2.fillPoly(mask, [np.array(quad, np.int32)], (255, 255, 255))
    return [quad for quad in quads if level(mask, _corners(quad)).mean() < 255 * KNOWN_SHARE]


def _ways_up(quad: Corners) -> int:
    wide, high = np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[3] - quad[0])
    return 2 if high >= 1.5 * wide else 1


@cache
def _engine() -> rapidocr.RapidOCR:
    """One for the process, on one thread: the pool has a process for each core.

    The models' paths are given so that a missing one is an error and never a download. Lines
    are read one by one: in batches they are padded, which took a fifth more time and 300 MB.
    """
    onnxruntime.disable_telemetry_events()  # nothing about a client's file leaves the machine
    models = Path(rapidocr.__file__).parent / "models"
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    onnxruntime.set_default_logger_severity(4)
    cv2.setNumThreads(1)
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Det.limit_type": "max",
            "Det.limit_side_len": SEARCH_SIDE_PX,
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
            "Rec.rec_batch_num": 1,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _upright(rgb: Rgb, quad: Corners) -> list[Rgb]:
    """The line alone, turned level, at the height that the reader works with."""
    line = level(rgb, _corners(quad))
    if _ways_up(quad) == 1:
        return [_low(line)]
    return [_low(np.ascontiguousarray(np.rot90(line, turns))) for turns in (1, 3)]


def _low(line: Rgb) -> Rgb:
    shrink = READ_HEIGHT_PX / line.shape[0]
    if shrink >= 1:
        return line
    size = (max(1, round(line.shape[1] * shrink)), READ_HEIGHT_PX)
    return np.asarray(cv2.resize(line, size, interpolation=cv2.INTER_AREA), np.uint8)


def _corners(quad: Corners) -> Quad:
    first, second, third, fourth = ((float(x), float(y)) for x, y in quad)
    return first, second, third, fourth


def _bgr(rgb: Any) -> Any:
    return np.ascontiguousarray(rgb[..., ::-1])
