"""How content streams are taken apart, whole ones and broken ones."""

import time
from typing import Any

import pytest

from services.qc.preflight.lexer import PATH, SHOWN, numbers, operations


def read(data: bytes) -> list[tuple[bytes, list[Any]]]:
    return list(operations(data))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"1 0 0 rg", [(b"rg", [1, 0, 0])]),
        (b"/Cs1 cs .5 -.5 +2. sc", [(b"cs", ["Cs1"]), (b"sc", [0.5, -0.5, 2])]),
        (b"/A#20B gs", [(b"gs", ["A B"])]),
        (b"(a\\(b\\)\\101\\\nc) Tj", [(b"Tj", [b"a(b)Ac"])]),
        (b"(a(b(c))d) Tj", [(b"Tj", [b"a(b(c))d"])]),
        (b"<48 656C6> Tj", [(b"Tj", [b"Hel`"])]),
        (b"[(ab) -120 <63> 20]TJ", [(SHOWN, [b"abc", -100])]),
        (b"[(a(b)) 5] TJ", [(b"TJ", [[b"a(b)", 5]])]),
        (b"/OC /L BDC EMC", [(b"BDC", ["OC", "L"]), (b"EMC", [])]),
        (b"/P <</MCID 3>> BDC", [(b"BDC", ["P", ["MCID", 3]])]),
        (b"q % comment Q\nQ", [(b"q", []), (b"Q", [])]),
        (b"1 2 m 3 4 l h S", [(PATH, [b"1 2 m 3 4 l h"]), (b"S", [])]),
        (b"1 2 3 4 re f", [(b"re", [1, 2, 3, 4]), (b"f", [])]),
        (b"--5 w 5-3 w", [(b"w", [-5]), (b"w", [5])]),
        (b") ] >> } 1 w", [(b"w", [1])]),
        (b"(never closed", []),
    ],
)
def test_operators_come_with_their_operands(
    data: bytes, expected: list[tuple[bytes, list[Any]]]
) -> None:
    found = read(data)

    assert [(name, [_stripped(one) for one in operands]) for name, operands in found] == expected


def _stripped(operand: Any) -> Any:
    return operand.strip() if isinstance(operand, bytes) else operand


def test_a_path_run_has_its_numbers() -> None:
    ((_, [run]),) = read(b"1 2 m -.5 1e3 3 4 5 6 c\0 h ")[:1]

    assert numbers(b"1 2 m\n3 4.5 l\0-1 .5 2 3 4 5 c h") == [1, 2, 3, 4.5, -1, 0.5, 2, 3, 4, 5]
    assert numbers(b"1 --2 m") == [1, -2]
    assert run.startswith(b"1 2 m")


def test_an_inline_image_is_skipped_by_its_length() -> None:
    data = b"BI /W 4 /H 2 /BPC 8 /CS /G ID \x00 EI Q\x00\x01 EI Q"

    (image, *rest) = read(data)

    assert image[0] == b"BI"
    assert image[1][0] == {"Width": "4", "Height": "2", "BitsPerComponent": "8",
                           "ColorSpace": "DeviceGray"}  # fmt: skip
    assert [name for name, _ in rest] == [b"Q"]


@pytest.mark.parametrize(
    "data",
    [
        b"1 " * 200_000,
        b"1 1 m " * 100_000,
        b"[" * 200_000,
        b"(" * 200_000,
        b"[(a) " * 50_000,
        b"<" * 200_000,
        b"[" + b"(a)1" * 100_000,
        b"BI " * 50_000,
        b"\x00\xff" * 200_000,
        b"- " * 200_000,
    ],
    ids=range(10),
)
def test_hostile_streams_take_no_more_time_than_their_length(data: bytes) -> None:
    started = time.process_time()
    read(data)

    assert time.process_time() - started < 3
