"""How many modules a symbol has across, and the clear space round a QR code."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import zxingcpp

from services.qc.domain.geometry import Quad

ITF = ("ITF-14", "ITF")
ITF_14_MODULES = 120.5
"""With wide bars of 2.5 narrow ones, the usual ratio (2.25 to 3 are allowed)."""

QUIET_SIDES = 6
PIXELS_PER_MODULE = 4
LEAST_DARK = 0.04


def modules_of(symbol: zxingcpp.Barcode, retail: Mapping[str, int]) -> float | None:
    """Width of the symbol in widths of its narrowest bar or square; None where nobody can tell."""
    kind, extra = str(symbol.format), _extra(symbol)
    if kind in retail:
        return retail[kind]
    if kind in ITF:
        return ITF_14_MODULES
    if kind == "Code 128":
        return _code_128(symbol.text)
    version = str(extra.get("Version", ""))
    if kind == "QR Code" and version.isdecimal():
        return 17 + 4 * int(version)
    if kind == "Data Matrix" and "x" in version:
        return float(version.split("x")[-1])
    return None


def _extra(symbol: Any) -> dict[str, Any]:
    return symbol.extra or {}


def _code_128(text: str) -> float | None:
    """As the shortest way of writing the text has it."""
    try:
        drawn = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128)
        return float(np.asarray(drawn.to_image(scale=1, add_quiet_zones=False)).shape[1])
    except (ValueError, RuntimeError):
        return None


def quiet_around(grey: Any, quad: Quad, modules: int) -> float:
    """Clear modules on the narrowest side, at most `QUIET_SIDES`; beyond the page is dark."""
    side = (modules + 2 * QUIET_SIDES) * PIXELS_PER_MODULE
    near, far = QUIET_SIDES * PIXELS_PER_MODULE, (modules + QUIET_SIDES) * PIXELS_PER_MODULE
    corners = np.array(((near, near), (far, near), (far, far), (near, far)), np.float32)
    turn = cv2.getPerspectiveTransform(np.array(quad, np.float32), corners)
    level = np.asarray(cv2.warpPerspective(grey, turn, (side, side), borderValue=127), float)
    inside = level[near:far, near:far]
    dark, light = np.percentile(inside, (10, 90))
    finder = float(np.median(inside[: PIXELS_PER_MODULE - 1, : 7 * PIXELS_PER_MODULE]))
    inverted = finder > (dark + light) / 2
    limit = light - 0.4 * (light - dark)
    stained = level > dark + 0.4 * (light - dark) if inverted else level < limit
    strips = (
        stained[:near, near:far][::-1],
        stained[far:, near:far],
        stained[near:far, :near].T[::-1],
        stained[near:far, far:].T,
    )
    return min(_clear(strip) for strip in strips)


def _clear(outwards: Any) -> float:
    """The row next to the symbol is skipped: its edge is soft."""
    dark = outwards.mean(axis=1) > LEAST_DARK
    dark[:2] = False
    stops = np.nonzero(dark)[0]
    return float(stops[0] if len(stops) else len(dark)) / PIXELS_PER_MODULE
