"""A creative of the bench is clean when it is drawn so: what a check finds there is an alarm."""

from dataclasses import replace

import numpy as np
import pytest

from tests.qcbench.drawing import draw
from tests.qcbench.layout import CREAM, layout


@pytest.mark.parametrize("seed", [38, 165, 231, 302])
def test_no_letter_is_hidden_behind_a_shape_of_its_own_colour(seed: int) -> None:
    drawn = layout(seed)
    boxes = draw(drawn).boxes
    without_copy = draw(replace(drawn, headline=(" ", " "), claim=" ")).picture

    for name in ("headline_0", "headline_1", "claim"):
        assert (np.asarray(without_copy.crop(boxes[name])) == CREAM).all(), name


def test_some_flat_creatives_have_shapes() -> None:
    drawn = draw(layout(26)).picture.crop((1160, 760, 2048, 1540))

    assert not (np.asarray(drawn) == CREAM).all()
