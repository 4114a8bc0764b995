"""Boxes and matrices in PDF user space: points, the origin at the bottom left."""

import math
from collections.abc import Iterable

Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""

Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
MM = 25.4 / 72
"""Millimetres in a point."""

FAR = 1e7
EVERYWHERE: Box = (-FAR, -FAR, FAR, FAR)


def times(one: Matrix, other: Matrix) -> Matrix:
    """First `one`, then `other`."""
    a, b, c, d, e, f = one
    p, q, r, s, t, u = other
    return (
        a * p + b * r,
        a * q + b * s,
        c * p + d * r,
        c * q + d * s,
        e * p + f * r + t,
        e * q + f * s + u,
    )


def box_of(numbers: list[float], matrix: Matrix) -> Box | None:
    """The upright box round points given as x, y, x, y …; None without points or beyond reason."""
    a, b, c, d, e, f = matrix
    xs, ys = numbers[0::2], numbers[1::2]
    if not ys:
        return None
    if b == 0 == c:
        across = (a * min(xs) + e, a * max(xs) + e)
        up = (d * min(ys) + f, d * max(ys) + f)
    else:
        points = [(a * x + c * y + e, b * x + d * y + f) for x, y in zip(xs, ys, strict=False)]
        across = (min(x for x, _ in points), max(x for x, _ in points))
        up = (min(y for _, y in points), max(y for _, y in points))
    box = (min(across), min(up), max(across), max(up))
    return box if all(-FAR < edge < FAR for edge in box) else None


def turned(box: Box, matrix: Matrix) -> Box | None:
    left, bottom, right, top = box
    return box_of([left, bottom, right, bottom, right, top, left, top], matrix)


def overlap(one: Box, other: Box) -> Box | None:
    """What two boxes share; None when nothing. A line of no width is shared too."""
    left, bottom = max(one[0], other[0]), max(one[1], other[1])
    right, top = min(one[2], other[2]), min(one[3], other[3])
    return (left, bottom, right, top) if left <= right and bottom <= top else None


def area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def around(boxes: Iterable[Box]) -> Box:
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def grown(box: Box, by: float) -> Box:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def inside(inner: Box, outer: Box, slack: float = 0.01) -> bool:
    return (
        inner[0] >= outer[0] - slack
        and inner[1] >= outer[1] - slack
        and inner[2] <= outer[2] + slack
        and inner[3] <= outer[3] + slack
    )


def height_scale(matrix: Matrix) -> float:
    """How much taller things get across the baseline; 0 for a matrix that squashes them flat."""
    along = math.hypot(matrix[0], matrix[1])
    return abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]) / along if along else 0.0


def mean_scale(matrix: Matrix) -> float:
    return math.sqrt(abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]))
