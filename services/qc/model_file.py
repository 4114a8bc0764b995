"""The shipped models, or those of a file that an operator put in the place of `models.json`."""

from functools import cache
from pathlib import Path

from services.qc.domain.models import Models, read_models

FILE = Path(__file__).with_name("models.json")


@cache
def shipped_models() -> Models:
    return read_models(FILE.read_text())


def models_in(file: Path | None) -> Models:
    """The models of a file in the form of `models.json`; None: the shipped ones.

    Raises ValueError for a file that cannot be read as that, which it names.
    """
    if file is None:
        return shipped_models()
    try:
        return read_models(file.read_text())
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{file} is no file of models: {error}") from error
