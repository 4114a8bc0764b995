"""The models of `models.json`, as they are shipped."""

from functools import cache
from pathlib import Path

from services.qc.domain.models import Models, read_models

FILE = Path(__file__).with_name("models.json")


@cache
def shipped_models() -> Models:
    return read_models(FILE.read_text())
