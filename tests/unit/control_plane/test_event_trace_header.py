"""The tracing header's count of how often a chain of requests has run each function."""

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from vpclab.localcloud.control_plane.event_sources.trace_header import TraceHeader, carried, carrying

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


def test_first_run_can_begin_a_lineage() -> None:
    """A caller's trace goes on, with ``1:<hash>:0``, as observed on AWS."""
    header = TraceHeader.read(TRACE).after(ARN + "f")
    trace, _, lineage = str(header).rpartition(";Lineage=")
    assert trace == TRACE
    total, name, before = lineage.split(":")
    assert (total, len(name), before) == ("1", 8, "0")


def test_header_can_be_completed_without_a_caller() -> None:
    """Who begins nothing of a trace gets one that nobody samples."""
    text = str(TraceHeader.read(None).after(ARN + "f").untraced())
    assert [part.partition("=")[0] for part in text.split(";")] == ["Root", "Parent", "Sampled", "Lineage"]
    assert ";Sampled=0;" in text


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_runs_can_be_counted_by_function(names: list[str]) -> None:
    """Each function by itself, also through SDKs, which quote the header."""
    text: str | None = None
    for name in names:
        text = quote(str(TraceHeader.read(text).after(ARN + name)), safe="-=;:+&[]{}\"',")
    counts = {name: TraceHeader.read(text).runs_of(ARN + name) for name in "abc"}
    assert counts == {name: names.count(name) for name in "abc"}


def test_lineage_of_before_can_be_read() -> None:
    """Headers without the count of the whole chain, as they were first observed."""
    header = TraceHeader.read("Root=1-x;Lineage=aae260cf:0|74085691:4")
    assert dict(header.runs) == {"aae260cf": 1, "74085691": 5}


@given(st.text(max_size=60))
def test_nonsense_cannot_stop_an_invocation(text: str) -> None:
    """What is no lineage counts nothing."""
    assert TraceHeader.read(f"Lineage={text}").after(ARN + "f").runs_of(ARN + "f") >= 1


def test_batch_can_have_one_header() -> None:
    """The first one's trace; of each function the highest count."""
    once = TraceHeader.read(TRACE).after(ARN + "f")
    twice = TraceHeader.read("Root=1-y").after(ARN + "f").after(ARN + "f").after(ARN + "g")
    both = TraceHeader.of_batch([None, str(once), str(twice)])
    assert both.fields["Root"] == "1-5759e988-bd862e3fe1be46a994272793"
    assert (both.runs_of(ARN + "f"), both.runs_of(ARN + "g")) == (2, 1)


def test_chain_cannot_outgrow_a_header() -> None:
    """Of very many functions the latest are counted."""
    header = TraceHeader.read(None)
    for number in range(1000):
        header = header.after(f"{ARN}{number}")
    assert len(str(header)) < 600
    assert header.runs_of(f"{ARN}999") == 1


def test_header_of_a_request_cannot_outlast_it() -> None:
    """What is sent meanwhile belongs to its chain; what is sent later does not."""
    with carrying("Root=1-x;Lineage=2%3Aaae260cf%3A0%7C74085691%3A0"):
        assert carried() == "Root=1-x;Lineage=2:aae260cf:0|74085691:0"
        with carrying(None):
            assert carried() is None
    assert carried() is None
