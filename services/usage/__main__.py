"""Start the usage service: `python -m services.usage`."""

import os

from libs.serve import serve
from services.usage.app import create_app
from services.usage.settings import PREFIX, UsageSettings

if __name__ == "__main__":
    serve("usage", lambda: UsageSettings.load(PREFIX, os.environ), create_app)
