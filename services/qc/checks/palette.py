"""How far a colour is from the colours that a brand has."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from libs.contracts.brand import SettledColour
from services.qc.checks.delta_e import delta_e_2000, hex_of_rgb, lab, lab_of_hex

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Near:
    """The brand colour that a colour belongs to and its distance, in Delta E 2000."""

    hex: str
    colour: SettledColour
    delta_e: float

    @property
    def beyond(self) -> float:
        """Distance outside the tolerance; 0 or less within."""
        return self.delta_e - self.colour.tolerance


def nearest(rgb: Colour, colours: Sequence[SettledColour]) -> Near:
    """The colour whose tolerance holds `rgb` most easily, else the one that it is nearest to."""
    distances = delta_e_2000(lab(rgb), np.stack([lab_of_hex(colour.hex) for colour in colours]))
    candidates = [
        Near(hex_of_rgb(rgb), colour, float(distance))
        for colour, distance in zip(colours, distances, strict=True)
    ]
    return min(candidates, key=lambda near: (near.beyond > 0, near.delta_e))


def is_neutral(rgb: Colour, tolerance: float) -> bool:
    """Whether a grey of the same lightness is within `tolerance` Delta E 2000."""
    own = lab(rgb)
    return bool(delta_e_2000(own, own * np.array((1, 0, 0))) <= tolerance)
