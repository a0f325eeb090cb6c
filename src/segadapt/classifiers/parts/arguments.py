"""Checks of a classifier's settings, made when it is built."""

from collections.abc import Mapping
from typing import TypeVar

from segadapt.text.choices import check_choice

Key = TypeVar("Key", str, int)
Choice = TypeVar("Choice")


def option(options: Mapping[Key, Choice], name: Key, setting: str) -> Choice:
    """The option called ``name``.

    Raises:
        ValueError: If no option has this name.
    """
    check_choice(f"classifier.{setting}", name, options)
    return options[name]


def check_adaptive(
    in_channels: int, num_classes: int, tau: float, oracle_group: int | None
) -> None:
    """Checks the settings shared by all classifiers with a student and a teacher.

    Raises:
        ValueError: If a setting has an unknown or invalid value.
    """
    check_sizes(in_channels, num_classes)
    check_tau(tau)
    check_group(oracle_group)


def check_sizes(in_channels: int, num_classes: int) -> None:
    """Checks the numbers of channels and classes.

    Raises:
        ValueError: If one is not positive.
    """
    if in_channels < 1 or num_classes < 1:
        raise ValueError(
            f"a classifier needs at least one channel and one class, got {in_channels} channels "
            f"and {num_classes} classes; check the decoder and data.num_classes"
        )


def check_tau(tau: float) -> None:
    """Checks the scale of the cosine scores.

    Raises:
        ValueError: If it is not positive.
    """
    if not tau > 0:
        raise ValueError(f"classifier.tau is {tau}; the scale of a cosine must be positive")


def check_group(oracle_group: int | None) -> None:
    """Checks the number of images whose labels are pooled.

    Raises:
        ValueError: If it is not positive.
    """
    if oracle_group is not None and oracle_group < 1:
        raise ValueError(
            f"classifier.oracle_group is {oracle_group}; set a number of images of at least 1, "
            "or null for the whole batch"
        )


def check_adaptations(semantic: bool, spatial: bool) -> None:
    """Checks that the prototypes are adapted in some way.

    Raises:
        ValueError: If they are not.
    """
    if not (semantic or spatial):
        raise ValueError(
            "classifier.semantic and classifier.spatial are both off; switch one on, or use "
            "classifier=fixed to adapt nothing"
        )


def check_clusters(number: int, momentum: float, epsilon: float, iterations: int) -> None:
    """Checks the settings by which the pixels of a class are clustered.

    Raises:
        ValueError: If a setting is out of range.
    """
    if number < 1 or iterations < 1:
        raise ValueError(
            f"a class needs at least one prototype and one Sinkhorn iteration, got {number} and "
            f"{iterations}; see the classifier's settings"
        )
    if not 0 <= momentum <= 1:
        raise ValueError(f"classifier.momentum is {momentum}; it must be from 0 to 1")
    if not epsilon > 0:
        raise ValueError(f"classifier.epsilon is {epsilon}; it must be positive")
