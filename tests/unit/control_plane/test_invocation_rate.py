"""The rate at which invocations may begin."""

from hypothesis import given
from hypothesis import strategies as st

from vpclab.localcloud.control_plane.event_sources.invocation_rate import InvocationRate


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_burst_can_use_the_allowance_of_a_second() -> None:
    """Ten at once where there are ten a second; then one for each tenth of a second."""
    clock = Clock()
    rate = InvocationRate(clock)
    assert [rate.take("f", 10) for _ in range(12)] == [True] * 10 + [False] * 2
    clock.now += 0.1
    assert [rate.take("f", 10) for _ in range(2)] == [True, False]
    clock.now += 3600
    assert [rate.take("f", 10) for _ in range(12)] == [True] * 10 + [False] * 2


def test_functions_cannot_use_each_others_allowance() -> None:
    """Each name has its own, however many names there are."""
    rate = InvocationRate(Clock())
    assert [rate.take("f", 1) for _ in range(2)] == [True, False]
    assert all(rate.take(str(number), 1) for number in range(3000))
    assert not rate.take("f", 1)


@given(
    st.integers(1, 50),
    st.lists(st.floats(0, 0.5, allow_nan=False, allow_subnormal=False), min_size=1, max_size=300),
)
def test_rate_cannot_be_exceeded_in_any_order(per_second: int, pauses: list[float]) -> None:
    """From any moment on, no more begin than a second's allowance and what came in meanwhile."""
    clock = Clock()
    rate, begun = InvocationRate(clock), []
    for pause in pauses:
        clock.now += pause
        if rate.take("f", per_second):
            begun.append(clock.now)
    for index, start in enumerate(begun):
        for count, end in enumerate(begun[index:], 1):
            assert count <= per_second * (1 + end - start) + 1e-3
