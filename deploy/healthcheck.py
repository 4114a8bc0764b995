"""The image's health check: exit code 0 while the service in this container answers."""

import os
import sys
from urllib.error import URLError
from urllib.request import urlopen

from deploy.ports import PORTS

TIMEOUT_S = 3


def main() -> int:
    service = os.environ["SERVICE"]
    port = os.environ.get(f"{service.upper()}_PORT") or PORTS[service]
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=TIMEOUT_S) as answer:
            return 0 if answer.status == 200 else 1
    except (URLError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
