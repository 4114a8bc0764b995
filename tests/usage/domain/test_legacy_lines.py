"""Cutting a stream of bytes into lines."""

from hypothesis import given
from hypothesis import strategies as st

from services.usage.domain.legacy_lines import MAX_LINE_BYTES, Lines, shown


def _cut(content: bytes, chunk_bytes: int) -> list[bytes]:
    lines = Lines()
    chunks = (content[at : at + chunk_bytes] for at in range(0, len(content), chunk_bytes))
    return [line for chunk in chunks for line in lines.feed(chunk)] + list(lines.end())


@given(
    st.lists(st.binary(max_size=9).map(lambda b: b.translate(None, b"\n\r\xef"))),
    st.integers(1, 20),
)
def test_lines_are_the_same_wherever_the_chunks_end(written: list[bytes], size: int) -> None:
    content = b"".join(line + b"\n" for line in written)

    assert _cut(content, size) == written


def test_windows_ends_and_byte_order_marks_are_no_part_of_a_line() -> None:
    assert _cut(b'\xef\xbb\xbf{"a":1}\r\n{"b":2}\r\n', 5) == [b'{"a":1}', b'{"b":2}']


def test_line_that_nothing_ended_is_a_line() -> None:
    assert _cut(b"one\ntwo", 2) == [b"one", b"two"]
    assert _cut(b"", 2) == []


def test_endless_line_takes_no_more_memory_than_one_may_be_long() -> None:
    lines = Lines()
    for _ in range(200):
        assert lines.feed(b"x" * (1 << 18)) == []

    [cut, after] = [*lines.feed(b"\nafter"), *lines.end()]
    assert (len(cut), after) == (MAX_LINE_BYTES + 1, b"after")


def test_what_is_shown_of_a_line_cannot_steer_a_terminal() -> None:
    assert shown(b"\x1b[31mred\x00\r\x9b\xff \xe2\x80\xae") == r"\x1b[31mred\x00\r\x9b\xff \u202e"
    assert shown("Zoë 李伟".encode()) == "Zoë 李伟"
    assert len(shown(b"\x00" * 500)) == 80
