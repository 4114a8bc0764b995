"""Start the gateway: `python -m services.gateway`."""

import os

from libs.serve import serve
from services.gateway.app import create_app
from services.gateway.settings import PREFIX, GatewaySettings

if __name__ == "__main__":
    serve("gateway", lambda: GatewaySettings.load(PREFIX, os.environ), create_app)
