"""Optuna's distributions from Hydra's syntax for values."""

from collections.abc import Mapping

from hydra.core.override_parser.types import IntervalSweep, Override
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)


def distribution(override: Override) -> BaseDistribution:
    """The distribution from which a value is drawn.

    ``interval(5,30)`` stands for integers, ``interval(5.0,30.0)`` for real numbers,
    ``tag(log,interval(...))`` for a logarithmic scale, and ``a,b,c`` for a choice.

    Raises:
        ValueError: If the interval is empty.
    """
    value = override.value()
    if override.is_discrete_sweep():
        return CategoricalDistribution(tuple(override.sweep_string_iterator()))
    assert isinstance(value, IntervalSweep)
    log = "log" in value.tags
    match value.start, value.end:
        case (int(low), int(high)) if low < high:
            return IntDistribution(low, high, log=log)
        case (int() | float() as low, int() | float() as high) if low < high:
            return FloatDistribution(low, high, log=log)
    raise ValueError(f"{override.input_line}: the interval is empty; give interval(FROM,TO)")


def typical(space: Mapping[str, BaseDistribution]) -> list[str]:
    """Overrides with the first value of each distribution."""
    return [f"{key}={_first(parameter)}" for key, parameter in space.items()]


def _first(parameter: BaseDistribution) -> object:
    match parameter:
        case IntDistribution() | FloatDistribution():
            return parameter.low
        case CategoricalDistribution():
            return parameter.choices[0]
    raise AssertionError(parameter)
