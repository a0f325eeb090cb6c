"""What is said of coefficients that nothing uses."""

from composed import objective

from segadapt.training.unused_parameters import idle_weights


def test_coefficients_of_a_part_that_is_off_are_said_to_be_unused():
    given = objective("ssa", "classifier.semantic=false", "classifier.spatial=false")
    assert idle_weights(given) == (
        "classifier.semantic=false leaves loss.weights.semantic=10 unused; "
        "classifier.spatial=false leaves loss.weights.spatial=0.4 unused"
    )


def test_nothing_is_said_where_all_are_used():
    assert idle_weights(objective("ssa")) is None
