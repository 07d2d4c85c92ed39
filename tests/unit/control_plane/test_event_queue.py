"""The queue of asynchronous invocations, with a clock of its own."""

from collections.abc import Callable

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.event_sources.asynchronous_invocations import (
    AsynchronousInvocations,
    EventSettings,
    Outcome,
    QueuedEvent,
)
from vpclab.localcloud.control_plane.event_sources.workers import Workers
from vpclab.localcloud.lambda_runtime.invocation import InvocationResult

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


class StandingClock(Workers):
    """Runs what is submitted at once, and what comes later when ``run`` has moved the time there."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.waits: list[float] = []
        self._due: list[tuple[float, Callable[[], object]]] = []

    def submit(self, call: Callable[[], object]) -> None:
        call()

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        self.waits.append(seconds)
        self._due.append((self.now + seconds, call))

    def run(self) -> None:
        while self._due:
            self.now, call = self._due.pop(0)
            call()


class Service:
    """A Lambda service whose function does as ``answers`` say, the last one again and again."""

    def __init__(self, *answers: InvocationResult | ApiError, retries: int = 2, age: float = 21600.0) -> None:
        self.answers = list(answers)
        self.settings = EventSettings(maximum_retry_attempts=retries, maximum_event_age=age, runs_nothing=False)
        self.outcomes: list[Outcome] = []
        self.tried = 0

    def event_settings(self, function_arn: str) -> EventSettings | None:
        return self.settings if function_arn == ARN else None

    def run_event(self, event: QueuedEvent) -> InvocationResult:
        self.tried += 1
        assert event.function_arn == ARN
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ApiError):
            raise answer
        return answer

    def finish_event(self, event: QueuedEvent, outcome: Outcome) -> None:
        assert event.payload == b"{}"
        self.outcomes.append(outcome)


FAILED = InvocationResult(200, b'{"errorMessage": "no"}', "Unhandled")
DONE = InvocationResult(200, b"1")
THROTTLED = ApiError("TooManyRequestsException", "Rate Exceeded.", 429)


def run(service: Service, arn: str = ARN) -> StandingClock:
    clock = StandingClock()
    queue = AsynchronousInvocations(service, clock, (60.0, 120.0), lambda: clock.now)
    queue.put(QueuedEvent(function_arn=arn, payload=b"{}", queued=clock.now))
    clock.run()
    return clock


def test_error_can_be_retried_after_one_minute_and_after_two() -> None:
    """Twice by default, and as often as the configuration says."""
    for retries in (0, 1, 2):
        service = Service(FAILED, retries=retries)
        clock = run(service)
        assert clock.waits == [60.0, 120.0][:retries]
        [outcome] = service.outcomes
        assert (outcome.condition, outcome.invocations) == ("RetriesExhausted", retries + 1)
        assert outcome.error_message == "no"


def test_event_can_become_too_old() -> None:
    """At its maximum age an event ends without another try, even between two retries."""
    service = Service(FAILED, age=90.0)
    clock = run(service)
    [outcome] = service.outcomes
    assert (outcome.condition, outcome.invocations, service.tried) == ("EventAgeExceeded", 2, 2)
    assert clock.now - 1000.0 < 91.0


def test_throttled_event_can_wait_until_it_is_too_old() -> None:
    """One second, two, four … five minutes; no try counts as one."""
    service = Service(THROTTLED, age=3600.0)
    clock = run(service)
    assert clock.waits[:4] == [1.0, 2.0, 4.0, 8.0]
    assert max(clock.waits) == 300.0
    [outcome] = service.outcomes
    assert (outcome.condition, outcome.invocations) == ("EventAgeExceeded", 0)


def test_throttled_event_can_succeed() -> None:
    """And the destination hears of one invocation."""
    service = Service(THROTTLED, THROTTLED, DONE)
    run(service)
    assert [(one.condition, one.invocations) for one in service.outcomes] == [("Success", 1)]


def test_event_cannot_outlive_its_function() -> None:
    """It is dropped, and nobody is told: whose destination would it be?"""
    service = Service(DONE)
    run(service, f"{ARN}-gone")
    assert (service.outcomes, service.tried) == ([], 0)
