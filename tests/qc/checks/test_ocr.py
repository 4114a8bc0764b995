"""Rules of reading text."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from services.qc.checks.ocr import read_lines

ROOT = Path(__file__).parents[3]
COPY = "Please recycle this bottle"


def page_with(size_px: int, turn_deg: int = 0, side_px: int = 2048) -> Image.Image:
    page = Image.new("RGB", (side_px, side_px), "white")
    font = ImageFont.load_default(size_px)
    ImageDraw.Draw(page).text((side_px // 4, side_px // 2), COPY, fill="black", font=font)
    return page.rotate(turn_deg, fillcolor="white")


@pytest.mark.parametrize("size_px", [10, 14, 30, 100])
def test_text_of_any_size_is_read_in_its_place(size_px: int) -> None:
    (line,) = read_lines(np.asarray(page_with(size_px)))

    assert line.text == COPY
    assert (line.region.x, line.region.y) == pytest.approx((0.25, 0.5), abs=0.02)


def test_a_line_on_end_is_read() -> None:
    (line,) = read_lines(np.asarray(page_with(60, turn_deg=90)))

    assert line.text == COPY


def test_copy_that_hardly_stands_out_is_read() -> None:
    slope = np.linspace(30, 75, 1200)[:, None] * np.ones(1600)
    grain = np.random.default_rng(3).normal(0, 4, (1200, 1600))
    page = Image.fromarray(np.clip(slope + grain, 0, 255).astype(np.uint8)).convert("RGB")
    font = ImageFont.load_default(56)
    ImageDraw.Draw(page).text((300, 680), COPY, fill=(64, 63, 68), font=font)

    assert COPY in [line.text for line in read_lines(np.asarray(page))]


def test_a_page_without_text_has_no_lines() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (600, 1800, 3), np.uint8)

    assert read_lines(np.zeros((40, 3000, 3), np.uint8)) == []
    assert [line for line in read_lines(noise) if line.confidence > 0.8] == []


def test_reading_is_silent_and_asks_nobody() -> None:
    probe = (
        "import socket\n"
        "def refuse(*_): raise SystemExit('network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "import numpy as np\n"
        "from services.qc.checks.ocr import read_lines\n"
        "read_lines(np.full((200, 400, 3), 255, np.uint8))\n"
    )
    ran = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
