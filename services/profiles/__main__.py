"""Start the profile registry: `python -m services.profiles`."""

import os

from libs.serve import serve
from services.profiles.app import create_app
from services.profiles.settings import PREFIX, ProfilesSettings

if __name__ == "__main__":
    serve("profiles", lambda: ProfilesSettings.load(PREFIX, os.environ), create_app)
