"""Draws pages from JSON on stdin, PDF on stdout. Run alone, as a process that may be killed.

typst keeps what it has laid out for the next time: a service that printed by itself would
grow by 100 MB with each report. This process ends instead, and with it what it kept.
"""

import json
import resource
import sys
from datetime import datetime
from pathlib import Path

from typst import Compiler, Fonts

LAYOUTS = Path(__file__).parent / "domain" / "layouts"
MAX_MEMORY_BYTES = 3 << 30
MAX_CPU_S = 120


def main() -> None:
    """The compiler sees the folder of the layouts and nothing else of the machine's files."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    given = json.load(sys.stdin.buffer)
    compiler = Compiler(
        (LAYOUTS / "report.typ").read_bytes(),
        root=LAYOUTS,
        font_paths=Fonts(include_system_fonts=True, include_embedded_fonts=True),
        sys_inputs={"report": json.dumps(given, ensure_ascii=False)},
        package_path=LAYOUTS,
        package_cache_path=LAYOUTS,
    )
    pdf = compiler.compile(format="pdf", timestamp=datetime.fromisoformat(given["made_at"]))
    assert isinstance(pdf, bytes)
    sys.stdout.buffer.write(pdf)


if __name__ == "__main__":
    main()
