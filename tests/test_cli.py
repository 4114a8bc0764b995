"""What `aiqc` takes to start: a person waits for it at every command."""

import subprocess
import sys

NEEDED_BY_FEW = (
    *("PIL", "numpy", "cv2", "jinja2", "pyarrow", "xlsxwriter", "openai", "google.genai"),
    *("asyncpg", "joserfc", "cryptography", "aiohttp.web", "prometheus_client", "aiosmtplib"),
)
"""Each takes from ten milliseconds to a second to import."""


def test_commands_start_without_what_only_few_of_them_need() -> None:
    probe = f"import sys, services.cli; print([m for m in {NEEDED_BY_FEW} if m in sys.modules])"

    ran = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)

    assert ran.stdout.strip() == "[]", ran.stderr
