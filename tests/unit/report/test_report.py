"""What a report means for the process, and how it is shown."""

import io
import json
import re
from collections.abc import Callable
from html import unescape
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from tests.conftest import Golden
from vpclab.report import html, json_report, junit, terminal
from vpclab.report.terminal import PARTING
from vpclab.statements.catalogue import CATALOGUE
from vpclab.statements.observation import Outcome, ProbeName
from vpclab.statements.report import Report
from vpclab.statements.statement import Verdict
from vpclab.statements.variant import VARIANTS


def _printed(report: Report, *, width: int = 100, encoding: str = "utf-8") -> str:
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    terminal.render(report, Console(file=out, width=width, color_system=None, legacy_windows=False))
    out.seek(0)
    return "".join(f"{line.rstrip()}\n" for line in out.read().splitlines())


def _is_part(word: str, complete: set[str]) -> bool:
    """Whether a word is one of the complete ones, or ends or begins where one of the parts of a name ends."""
    return word in complete or any(
        (before == "" or before[-1] in PARTING) and (after == "" or word[-1] in PARTING)
        for before, found, after in (whole.partition(word) for whole in complete)
        if found
    )


class TestExitCode:
    """0 ok, 1 could not, 2 an asserted fact is false."""

    def test_documented_behaviour_can_exit_0(self, documented: Report) -> None:
        """All verdicts as documented, refuted ones included."""
        assert documented.exit_code == 0

    def test_a_false_statement_can_only_exit_2(self, otherwise: Report) -> None:
        """A verdict other than documented counts more than one that could not be reached."""
        assert Verdict.ERROR in {judgement.verdict for judgement in otherwise.judgements}
        assert otherwise.exit_code == 2

    def test_a_target_that_enforces_nothing_cannot_exit_0(self, unenforced: Callable[[], Report]) -> None:
        """Nothing was shown, so it could not be done."""
        assert unenforced().exit_code == 1

    def test_a_report_without_verdicts_cannot_exit_0(self, documented: Report) -> None:
        """Nothing judged is nothing shown."""
        empty = Report("local", documented.started, documented.finished, (), {}, {})
        assert empty.exit_code == 1


class TestTerminal:
    """The tables at 100 columns, and where there is nothing but ASCII."""

    def test_the_tables_can_be_read_at_100_columns(self, documented: Report, golden: Golden) -> None:
        """The truth table, then every statement's verdicts with evidence and refusing component."""
        golden.check("report_documented.txt", _printed(documented))

    def test_what_is_otherwise_can_be_found(self, otherwise: Report, golden: Golden) -> None:
        """An unexpected verdict stands out without colour, and names the documented one."""
        golden.check("report_otherwise.txt", _printed(otherwise))

    @pytest.mark.parametrize("width", [80, 200])
    def test_all_statements_can_be_read_at_any_width(self, width: int, whole: Report, golden: Golden) -> None:
        """Five stacks: at 80 columns the tables stand below each other, at 200 sentences are whole."""
        golden.check(f"report_{width}.txt", _printed(whole, width=width))

    def test_no_word_can_be_cut(self, whole: Report, unenforced: Callable[[], Report]) -> None:
        """What stands in a narrow terminal stands as well, in one piece, where there is room for everything."""
        for report in (whole, unenforced()):
            complete = set(_printed(report, width=1000).split())
            complete |= {word.rstrip(",;:(") for word in complete}  # where a sentence is cut, in front of "..."
            for width in (80, 100, 120, 200):
                printed = _printed(report, width=width)
                assert "\N{HORIZONTAL ELLIPSIS}" not in printed
                words = {word.removesuffix("...") for word in printed.split() if not word.startswith("\u2500")}
                assert {word for word in words if not _is_part(word, complete)} == set()

    @pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
    def test_no_line_can_be_wider_than_the_terminal(self, documented: Report, encoding: str) -> None:
        """At 80 and 100 columns, also without Unicode."""
        for width in (80, 100):
            lines = _printed(documented, width=width, encoding=encoding).splitlines()
            assert max(map(len, lines)) <= width

    def test_a_dumb_terminal_cannot_get_escape_sequences(
        self, documented: Report, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """TERM=dumb: plain ASCII and every word of the meaning."""
        monkeypatch.setenv("TERM", "dumb")
        out = io.StringIO()
        terminal.render(documented, Console(file=out, width=100, force_terminal=True))
        assert out.getvalue().isascii()
        assert "\x1b" not in out.getvalue()
        assert "timed out" in out.getvalue()


class TestJson:
    """The shape that other programs rely on."""

    def test_verdicts_can_be_read(self, documented: Report) -> None:
        """Each has exactly the six fields; who refused is one text, or null."""
        verdicts = json.loads(json_report.render(documented))["verdicts"]
        fields = {"statement", "variant", "verdict", "documented", "observed", "refused_by"}
        assert {frozenset(verdict) for verdict in verdicts} == {frozenset(fields)}
        (public,) = (row for row in verdicts if (row["statement"], row["variant"]) == ("C22", "public"))
        assert public["verdict"] == "holds"
        assert public["refused_by"] == "internet-gateway igw-1 (IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS)"
        assert {row["refused_by"] for row in verdicts if row["statement"] == "C17"} == {None}

    def test_observations_can_be_read(self, documented: Report) -> None:
        """By variant and probe, each with outcome and evidence."""
        observations = json.loads(json_report.render(documented))["observations"]
        assert set(observations) == set(VARIANTS)
        for probes in observations.values():
            assert set(probes) == set(ProbeName)
            assert all(row["outcome"] in set(Outcome) and row["evidence"] for row in probes.values())
        dropped = observations["public"]["internet"]
        assert dropped["evidence"]["stage"] == "tcp"
        assert dropped["evidence"]["refused_by"][0]["component"] == "igw-1"

    def test_unexpected_verdicts_can_be_listed(self, otherwise: Report) -> None:
        """They stand by themselves, with what was expected; the exit code is there too."""
        document = json.loads(json_report.render(otherwise))
        assert document["exit_code"] == 2
        assert {
            "statement": "C23",
            "variant": "private-nat",
            "verdict": "refuted",
            "expected": "holds",
        } in document["unexpected"]


class TestJunit:
    """JUnit XML."""

    def test_documented_behaviour_can_pass(self, documented: Report, golden: Golden) -> None:
        """A suite per statement, a case per variant, none failed."""
        text = junit.render(documented)
        golden.check("report_junit.xml", text)
        assert not list(ET.fromstring(text).iter("failure"))  # noqa: S314 - our own text

    def test_a_false_statement_can_only_be_a_failure(self, otherwise: Report) -> None:
        """What is false fails, what could not be judged errs, nothing is skipped."""
        root = ET.fromstring(junit.render(otherwise))  # noqa: S314 - our own text
        failed = {
            (case.get("classname"), case.get("name"))
            for case in root.iter("testcase")
            if case.find("failure") is not None
        }
        assert failed == {("vpclab.C23", "private-nat")}
        for suite in root.iter("testsuite"):
            cases = list(suite.iter("testcase"))
            for kind, attribute in (("failure", "failures"), ("error", "errors")):
                assert int(suite.get(attribute, "")) == sum(case.find(kind) is not None for case in cases)
        assert list(root.iter("error"))
        assert not list(root.iter("skipped"))

    def test_a_target_that_enforces_nothing_cannot_pass(self, unenforced: Callable[[], Report]) -> None:
        """``not enforced here`` is an error, with its reason."""
        text = junit.render(unenforced())
        assert 'message="not enforced here, documented is holds"' in text


class TestHtml:
    """One page that needs nothing else."""

    def test_every_statement_can_be_read(self, whole: Report) -> None:
        """Sentence, what is documented instead, what was observed and who refused, of every verdict."""
        page = " ".join(unescape(re.sub(r"<[^>]+>", " ", html.render(whole))).split())
        for entry in CATALOGUE:
            assert entry.id in page
            assert " ".join(entry.sentence.split()) in page
            if entry.expects is Verdict.REFUTED:
                assert " ".join(entry.documented.split()) in page
        for judgement in whole.judgements:
            assert " ".join(judgement.observed.split()) in page
            assert all(str(refusal) in page for refusal in judgement.refused_by)

    def test_the_page_can_stand_alone(self, documented: Report) -> None:
        """No script, no style sheet and no picture from elsewhere."""
        page = html.render(documented)
        assert "<script" not in page
        assert "src=" not in page
        assert "http://" not in page
        assert "https://" not in page
        assert "prefers-color-scheme: dark" in page

    def test_every_statement_can_be_found_on_the_page(self, documented: Report) -> None:
        """With its verdicts, its evidence, and what would flip it."""
        page = html.render(documented)
        for judgement in documented.judgements:
            assert f'<h3 id="{judgement.statement}">' in page
        assert "refused by internet-gateway igw-1" in page
        assert "associate an Elastic IP address" in page

    def test_text_from_elsewhere_cannot_become_markup(self, otherwise: Report) -> None:
        """An error text with angle brackets is shown, not interpreted."""
        page = html.render(otherwise)
        assert "&lt;the function&gt; failed" in page
        assert "<the function>" not in page
