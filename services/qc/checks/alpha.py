"""How opaque a picture is. Imported only where it runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from services.qc.decode import open_creative
from services.qc.domain.creative import Limits, Page, Rgb

if TYPE_CHECKING:
    from numpy.typing import NDArray

Alpha: TypeAlias = "NDArray[np.uint8]"

BLACK = (0, 0, 0)


def alpha_of(path: Path, page: Page, on_white: Rgb, limits: Limits) -> Alpha:
    """What white and black behind the picture change is what shows through. Raises Unreadable."""
    with open_creative(path, limits, background=BLACK) as creative:
        on_black = creative.rgb(page)
    shows_through: Any = cv2.subtract(on_white, on_black).max(axis=2)
    return np.asarray(255 - shows_through, np.uint8)


def laid_on(on_white: Rgb, alpha: Alpha, background: tuple[int, int, int]) -> Rgb:
    """The picture on another background: white's part is taken out, the background's put in."""
    through = (255 - alpha.astype(np.int16))[..., None]
    behind = np.array(background, np.int16)
    mixed = on_white.astype(np.int16) - through + through * behind // 255
    return np.clip(mixed, 0, 255).astype(np.uint8)
