"""Start the usage service: `python -m services.usage`."""

import gc
import os

from libs.serve import serve
from services.usage.app import create_app
from services.usage.settings import PREFIX, UsageSettings

OBJECTS_OF_A_BODY = 50_000
"""The largest batch of events makes fewer, none of them in a cycle: there is nothing to collect
while it is read.
"""

if __name__ == "__main__":
    gc.set_threshold(OBJECTS_OF_A_BODY)
    serve("usage", lambda: UsageSettings.load(PREFIX, os.environ), create_app)
