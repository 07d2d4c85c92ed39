"""What a verification found: observations, verdicts, and what the process should say with its exit code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vpclab.statements.observation import Observation, ProbeName
from vpclab.statements.statement import Verdict
from vpclab.statements.trial import Trials
from vpclab.statements.verdict import Judgement

EXIT_OK = 0
EXIT_COULD_NOT = 1
EXIT_FALSE = 2


@dataclass(frozen=True, slots=True)
class Report:
    """The whole of one run. Times are UTC. ``left`` says what experiments made and could not undo."""

    target: str
    started: datetime
    finished: datetime
    judgements: tuple[Judgement, ...]
    observations: Mapping[str, Mapping[ProbeName, Observation]]
    controls: Mapping[ProbeName, Observation]
    trials: Mapping[str, Trials] = field(default_factory=dict)
    left: tuple[str, ...] = ()

    @property
    def unexpected(self) -> tuple[Judgement, ...]:
        """The verdicts that are not what the documentation leads to."""
        return tuple(judgement for judgement in self.judgements if not judgement.as_expected)

    @property
    def exit_code(self) -> int:
        """2: a documented statement was found to be otherwise. 1: something could not be done. 0: neither."""
        verdicts = {judgement.verdict for judgement in self.unexpected}
        if verdicts & {Verdict.HOLDS, Verdict.REFUTED}:
            return EXIT_FALSE
        nothing_shown = all(judgement.verdict is Verdict.NOT_ASKED for judgement in self.judgements)
        return EXIT_COULD_NOT if verdicts or self.left or nothing_shown else EXIT_OK
