"""The report as JUnit XML: a suite per statement, a case per variant.

A verdict other than the documented one is a failure; what could not be judged is an error, never a skip. Skipped
is what the stack's settings leave out.
"""

from pathlib import Path
from xml.etree import ElementTree as ET

from vpclab.report import wording
from vpclab.statements.report import Report
from vpclab.statements.statement import Verdict
from vpclab.statements.verdict import Judgement

_NOT_JUDGED = frozenset({Verdict.ERROR, Verdict.NOT_ENFORCED})


def render(report: Report) -> str:
    """Return the report as XML text."""
    root = ET.Element("testsuites", name="vpclab verify")
    for statement, judgements in wording.judged(report):
        unexpected = [judgement for judgement in judgements if not judgement.as_expected]
        errors = sum(1 for judgement in unexpected if judgement.verdict in _NOT_JUDGED)
        suite = ET.SubElement(
            root,
            "testsuite",
            name=f"{statement.id}: {statement.sentence}",
            tests=str(len(judgements)),
            failures=str(len(unexpected) - errors),
            errors=str(errors),
            skipped=str(sum(1 for judgement in judgements if judgement.verdict is Verdict.NOT_ASKED)),
            timestamp=report.started.strftime("%Y-%m-%dT%H:%M:%S"),
        )
        for judgement in judgements:
            _add_case(suite, judgement)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def write(report: Report, path: Path) -> None:
    """Write the report to ``path``; its directory is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(report), encoding="utf-8")


def _add_case(suite: ET.Element, judgement: Judgement) -> None:
    case = ET.SubElement(suite, "testcase", classname=f"vpclab.{judgement.statement}", name=judgement.variant)
    found = wording.VERDICTS[judgement.verdict]
    if not judgement.as_expected:
        kind = "error" if judgement.verdict in _NOT_JUDGED else "failure"
        expected = wording.VERDICTS[judgement.expected]
        problem = ET.SubElement(
            case, kind, type=judgement.verdict.value, message=f"{found}, documented is {expected}"
        )
        problem.text = judgement.observed
    if judgement.verdict is Verdict.NOT_ASKED:
        ET.SubElement(case, "skipped", message=judgement.observed)
    lines = [f"verdict: {found}", f"documented: {judgement.documented}", f"observed: {judgement.observed}"]
    lines += [f"refused by: {refusal}" for refusal in judgement.refused_by]
    ET.SubElement(case, "system-out").text = "\n".join(lines)
