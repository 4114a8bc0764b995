"""Draws pages from JSON on stdin, PDF on stdout. Run alone, as a process that may be killed.

    printer.py LAYOUT FOLDER

LAYOUT is a typst file; it finds the JSON as `sys.inputs.report` and may read from FOLDER alone.
typst keeps what it has laid out for the next time: a service that printed by itself would
grow by 100 MB with each report. This process ends instead, and with it what it kept.
"""

import json
import resource
import sys
from datetime import datetime
from pathlib import Path

from typst import Compiler, Fonts

MAX_MEMORY_BYTES = 3 << 30
MAX_CPU_S = 120


def main() -> None:
    """The compiler sees the folder and nothing else of the machine's files."""
    layout, folder = map(Path, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    given = json.load(sys.stdin.buffer)
    compiler = Compiler(
        layout.read_bytes(),
        root=folder,
        font_paths=Fonts(include_system_fonts=True, include_embedded_fonts=True),
        sys_inputs={"report": json.dumps(given, ensure_ascii=False)},
        package_path=folder,
        package_cache_path=folder,
    )
    pdf = compiler.compile(format="pdf", timestamp=datetime.fromisoformat(given["made_at"]))
    assert isinstance(pdf, bytes)
    sys.stdout.buffer.write(pdf)


if __name__ == "__main__":
    main()
