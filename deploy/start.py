"""Start the service of this image, with the settings of an env file: `python -m deploy.start`.

SERVICE names it. AIQC_ENV_FILE names a file that `aiqc prepare` wrote; what the container is
given directly counts more. The service then takes this process's place, so that it is the
container's process 1 and gets its signals. Standard library only: it runs at every start.
"""

import os
import sys
from pathlib import Path
from typing import NoReturn

from deploy import CannotStart
from deploy.env_file import read_env_file

BAD_CONFIGURATION = 3


def main() -> NoReturn:
    environ = dict(os.environ)
    service = environ.get("SERVICE", "")
    if not service.isidentifier():
        sys.exit(_refuse("SERVICE does not name a service"))
    if file := environ.pop("AIQC_ENV_FILE", ""):
        try:
            environ = read_env_file(Path(file)) | environ
        except CannotStart as error:
            sys.exit(_refuse(str(error)))
    os.execve(sys.executable, [sys.executable, "-m", f"services.{service}"], environ)


def _refuse(sentence: str) -> int:
    print(f"start: {sentence}", file=sys.stderr)
    return BAD_CONFIGURATION


if __name__ == "__main__":
    main()
