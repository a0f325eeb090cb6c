import pytest
from benchmarks.harness.goals import Goal, goal_table, numbers_of
from benchmarks.overhead import BLOCK, WARM_UP, blocks
from rich.console import Console

from segadapt.analysis.cost.timing import Timing


def test_a_goal_has_a_right_side():
    assert Goal("slower than", 1.05, 1.05).reached
    assert not Goal("slower than", 1.06, 1.05).reached
    assert Goal("faster than", 2.0, 2.0, at_least=True).reached
    assert not Goal("faster than", 1.9, 2.0, at_least=True).reached


def test_table_says_what_is_missed(capsys):
    goals = [Goal("step", 1.5, 1.35), Goal("help", 0.25, 2.0, "s")]
    Console(width=100).print(goal_table("title", goals))
    step, help_ = [line.split() for line in capsys.readouterr().out.splitlines()[-2:]]
    assert step == ["step", "1.5", "x", "<=", "1.35", "x", "no"]
    assert help_ == ["help", "0.25", "s", "<=", "2", "s", "yes"]


def test_numbers_come_in_the_order_of_their_defaults():
    assert numbers_of(["threads=1"], repeats=10, threads=2) == (10, 1)


@pytest.mark.parametrize("word", ["repeats=0", "repeats=many", "repeats"])
def test_a_value_is_a_positive_number(word):
    with pytest.raises(ValueError, match=rf"^repeats={word[8:]} is not a positive number; set it"):
        numbers_of([word], repeats=10)


def test_other_options_are_unknown():
    message = "Unknown option 'model=tiny'. Available: repeats=NUMBER, threads=NUMBER"
    with pytest.raises(ValueError, match=message):
        numbers_of(["model=tiny"], repeats=10, threads=1)


def test_blocks_are_sums_after_the_warm_up():
    readings = [Timing(float(i), 1.0) for i in range((WARM_UP + 2) * BLOCK + 7)]
    first, second = blocks(readings)
    start = WARM_UP * BLOCK
    assert first == (sum(range(start, start + BLOCK)), BLOCK)
    assert second == (sum(range(start + BLOCK, start + 2 * BLOCK)), BLOCK)
