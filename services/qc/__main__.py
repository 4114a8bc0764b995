"""Start the qc service: `python -m services.qc`."""

import os

from libs.serve import serve
from services.qc.app import create_app
from services.qc.settings import PREFIX, SDK_NATIVE, QcSettings

if __name__ == "__main__":
    serve("qc", lambda: QcSettings.load(PREFIX, os.environ, also=SDK_NATIVE), create_app)
