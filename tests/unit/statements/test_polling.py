"""Asking again, with a deadline."""

from vpclab.statements.polling import poll


def test_first_good_answer_can_end_the_asking() -> None:
    """Nothing is asked beyond it."""
    answers = iter([0, 0, 3, 4])
    assert poll(lambda: next(answers), seconds=60, pause=0) == 3
    assert next(answers) == 4


def test_last_answer_can_be_had_when_the_time_is_over() -> None:
    """Without any time it is asked once."""
    answers = iter(["no", "yes"])
    assert poll(lambda: next(answers), lambda answer: answer == "yes", seconds=0, pause=0) == "no"
    assert next(answers) == "yes"
