"""Which runs can be trained for longer: those whose first steps would have been the same."""

import pytest
from compositions import composed

from segadapt.runs.config import resolved, value_at
from segadapt.runs.lengthening import current_words, lengthened, lengthened_words

CONSTANT = ("schedule.power=0", "schedule.warmup=0")


def config(*overrides):
    return resolved(composed("data=synthetic", "data.steps=600", "paths.run=run", *overrides))


def test_a_lengthened_config_is_the_one_that_would_have_been_composed():
    longer = resolved(composed("data=synthetic", "data.steps=1000", "paths.run=run", *CONSTANT))
    assert value_at(longer, "trainer.max_steps") == 1000
    assert lengthened(config(*CONSTANT), 1000) == longer


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        ((), "poly, power 1"),
        (("schedule.power=0.9",), "poly, power 0.9"),
        (("schedule.power=0", "schedule.reference_steps=600"), "its warm-up is a fraction"),
        (("schedule.power=0", "schedule.longest_warmup=0.1"), "its warm-up is a fraction"),
        (("schedule._target_=torch.optim.lr_scheduler.ConstantLR",), "ConstantLR may depend"),
    ],
)
def test_a_schedule_that_needs_its_total_is_refused_with_the_way_out(overrides, reason):
    with pytest.raises(ValueError, match=r"Train a new run with data\.steps=1000") as refused:
        lengthened(config(*overrides), 1000)
    assert reason in str(refused.value)


@pytest.mark.parametrize("steps", [600, 1, -5, True, "x", 700.5])
def test_fewer_steps_do_not_lengthen_a_run(steps):
    with pytest.raises(ValueError, match=rf"data\.steps={steps} does not lengthen a run of 600"):
        lengthened(config(*CONSTANT), steps)


def test_every_word_for_the_steps_is_replaced():
    words = ["data=digits", "data.steps=2", "data.steps_more=1", "++data.steps=3"]
    longer = ["data=digits", "data.steps=8", "data.steps_more=1", "data.steps=8"]
    assert lengthened_words(words, 8) == longer
    assert lengthened_words(["seed=1"], 8) == ["seed=1", "data.steps=8"]


@pytest.mark.parametrize(
    ("words", "current"),
    [
        (["data.steps=2"], ["data.steps=4"]),  # lengthened by an earlier version
        (["data.steps=4", "seed=1"], ["data.steps=4", "seed=1"]),
        (["data.steps=${seed}"], ["data.steps=${seed}"]),
        (["seed=1"], ["seed=1"]),
    ],
)
def test_words_of_earlier_versions_get_the_steps_of_the_config(words, current):
    assert current_words(words, {"data": {"steps": 4}}) == current
    assert current_words(words, {}) == words
