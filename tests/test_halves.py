"""The two halves of the suite are the suite."""

from tests.halves import NOT_IN_THE_SUITE, TESTS, halves


def test_every_test_is_in_one_half() -> None:
    first, second = halves()
    tops = {file.relative_to(TESTS).parts[0] for file in TESTS.rglob("test_*.py")}

    assert sorted(first + second) == sorted(tops - {NOT_IN_THE_SUITE})
