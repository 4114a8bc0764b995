"""Where the visual weight of a page lies, and its elements on plain ground.

Imported only where it runs.
"""

from typing import Any

import cv2
import numpy as np

from libs.contracts.qc import Region
from services.qc.domain.creative import Rgb

LOOK_SIDE_PX = 512
LEAST_WEIGHT = 0.02
"""Mean weight below which there is nothing to see but ground."""

GROUND_DELTA_E = 8.0
LEAST_STEP = 6.0
"""In Lab units: a thing begins with an edge; clouds, shadows and vignettes do not."""

RIM_PX = 2
"""The edge of the page, where a cut leaves lines, is not the edge of a thing."""

LEAST_GROUND_ON_RIM = 0.7
LEAST_GROUND = 0.3

Array = np.ndarray[Any, np.dtype[Any]]


def right_share(rgb: Rgb, text: list[Region]) -> float | None:
    """Share of the weight right of the middle, outside the text; None when there is none.

    Weight is distance from the colour of the ground and strength of edges, each up to 1.
    """
    lab = _small_lab(rgb)
    ground, _ = _ground(lab)
    distance = np.minimum(np.linalg.norm(lab - ground, axis=2) / 50, 1)
    edges = cv2.morphologyEx(lab[..., 0], cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    weight = distance * 0.5 + np.minimum(np.asarray(edges) / 40, 1) * 0.5
    weight[distance < GROUND_DELTA_E / 50] = 0
    _blank(weight, text)
    if float(weight.mean()) < LEAST_WEIGHT:
        return None
    middle = weight.shape[1] / 2
    columns = np.clip(np.arange(weight.shape[1]) + 1 - middle, 0, 1)
    return float((weight.sum(axis=0) * columns).sum() / weight.sum())


def elements(rgb: Rgb, gap_share: float, least_share: float) -> list[Region] | None:
    """Boxes of what stands apart, with an edge, on plain ground; None where that is not plain.

    Parts nearer than `gap_share` of the longer side are one element; one smaller than
    `least_share` of the page is none.
    """
    lab = _small_lab(rgb)
    ground, on_rim = _ground(lab)
    figure = (np.linalg.norm(lab - ground, axis=2) > GROUND_DELTA_E).astype(np.uint8)
    if on_rim < LEAST_GROUND_ON_RIM or 1 - float(figure.mean()) < LEAST_GROUND:
        return None
    figure = _with_edges(figure, lab)
    height, width = figure.shape
    reach = max(1, round(gap_share * max(height, width))) | 1
    kernel = np.ones((reach, reach), np.uint8)
    grown = cv2.morphologyEx(
        cv2.copyMakeBorder(figure, *(reach,) * 4, cv2.BORDER_CONSTANT), cv2.MORPH_CLOSE, kernel
    )[reach:-reach, reach:-reach]
    _, _, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(grown))
    found = []
    for x, y, w, h, area in stats[1:].tolist():
        if area >= least_share * height * width:
            box = (x / width, y / height, w / width, h / height)
            found.append(Region(**dict(zip("xywh", (round(v, 5) for v in box), strict=True))))
    return sorted(found, key=lambda box: (box.y, box.x))


def _with_edges(figure: Array, lab: Array) -> Array:
    """Without the parts that come out of the ground softly."""
    steps = np.asarray(cv2.morphologyEx(lab, cv2.MORPH_GRADIENT, np.ones((3, 3)))).max(axis=2)
    steps[:RIM_PX] = steps[-RIM_PX:] = steps[:, :RIM_PX] = steps[:, -RIM_PX:] = 0
    _, labels = cv2.connectedComponents(figure)
    kept = np.unique(np.asarray(labels)[(steps > LEAST_STEP) & (figure > 0)])
    return np.asarray(np.isin(labels, kept), np.uint8)


def _small_lab(rgb: Rgb) -> Array:
    shrink = min(1.0, LOOK_SIDE_PX / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * shrink)), max(1, round(rgb.shape[0] * shrink)))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.float32)
    return np.asarray(cv2.cvtColor(small / 255, cv2.COLOR_RGB2LAB))


def _ground(lab: Array) -> tuple[Array, float]:
    """The colour of the rim that most of it shares, and the share that does."""
    rim = np.concatenate((lab[0], lab[-1], lab[:, 0], lab[:, -1]))
    ground = np.median(rim, axis=0)
    near = np.linalg.norm(rim - ground, axis=1) <= GROUND_DELTA_E
    return ground, float(near.mean())


def _blank(weight: Array, regions: list[Region]) -> None:
    height, width = weight.shape
    for box in regions:
        rows = slice(int(box.y * height), round((box.y + box.h) * height) + 1)
        weight[rows, int(box.x * width) : round((box.x + box.w) * width) + 1] = 0
