"""Rules of edges that several elements share."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.qc.domain.shared_edges import Place, agree, shared_edge

PLACES = st.lists(
    st.builds(Place, st.integers(0, 400).map(float), st.integers(0, 30).map(float)),
    min_size=1,
    max_size=30,
)


def test_small_print_tells_where_the_edge_of_large_type_is() -> None:
    large, small = Place(146, 6), Place(142, 1)

    edge = shared_edge(0, [large, Place(144, 5), small], tolerance_px=2)

    assert (edge.low_px, edge.high_px, len(edge.members)) == (140, 144, 3)


def test_who_fits_one_member_but_not_all_misses_the_edge() -> None:
    large, small, stray = Place(146, 6), Place(142, 1), Place(153, 1)
    edge = shared_edge(0, [large, Place(144, 5), small, stray], tolerance_px=2)

    assert agree(large, stray, tolerance_px=2)
    assert edge.is_missed_by(stray)
    assert edge.off_px(stray) == 11


def test_who_may_stand_on_the_edge_does_not_miss_it() -> None:
    edge = shared_edge(0, [Place(100, 1), Place(101, 1), Place(102, 1)], tolerance_px=2)

    assert not edge.is_missed_by(Place(110, 8))
    assert edge.is_missed_by(Place(110, 5))
    assert edge.is_missed_by(Place(92, 5))


def test_of_two_edges_the_one_with_more_on_it_is_taken() -> None:
    between = Place(105, 6)
    few, many = [Place(98, 1)], [Place(112, 1), Place(112, 1)]

    assert shared_edge(0, [between, *few, *many], tolerance_px=2).members == {0, 2, 3}


@settings(deadline=None)
@given(PLACES, st.integers(0, 10).map(float))
def test_no_member_misses_the_edge_that_it_is_on(places: list[Place], tolerance_px: float) -> None:
    for number in range(len(places)):
        edge = shared_edge(number, places, tolerance_px)

        assert number in edge.members
        assert edge.low_px <= edge.high_px
        assert not any(edge.is_missed_by(places[member]) for member in edge.members)
