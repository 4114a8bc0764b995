"""The shipped models without their ends: what a test asks today, it asks in a year."""

import atexit
import json
import tempfile
from functools import cache
from pathlib import Path

from services.qc.model_file import FILE


@cache
def lasting_models() -> Path:
    """A file for QC_MODELS_FILE, kept for the life of this process."""
    document = json.loads(FILE.read_text())
    for model in document["models"]:
        model.pop("shutdown_on", None)
    folder = tempfile.TemporaryDirectory(prefix="aiqc-models-")
    atexit.register(folder.cleanup)
    path = Path(folder.name) / "models.json"
    path.write_text(json.dumps(document))
    return path
