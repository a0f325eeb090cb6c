"""Configs as plain values."""

import pytest
from omegaconf import OmegaConf

from segadapt.runs.config import (
    config_digest,
    differences,
    with_paths_moved,
    without_published_weights,
)

CONFIG = {
    "seed": 0,
    "data": {"num_workers": 2, "steps": 10, "num_classes": 3, "crop": [4, 4]},
    "classifier": {"tau": 15.0},
    "logger": {"mode": "auto"},
    "paths": {"run": "/runs/a"},
}


def changed(key, value):
    first, _, second = key.partition(".")
    rest = {**CONFIG[first], second: value} if second else value
    return {**CONFIG, first: rest}


@pytest.mark.parametrize(
    ("key", "value"), [("seed", 1), ("classifier.tau", 16.0), ("data.crop", [4, 5])]
)
def test_what_changes_numbers_is_a_difference(key, value):
    other = changed(key, value)
    assert config_digest(other) != config_digest(CONFIG)
    (sentence,) = differences(CONFIG, other)
    assert sentence.startswith(key)
    assert " was " in sentence


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("data.num_workers", 7),
        ("logger", None),
        ("paths.run", "/runs/b"),
        # Permissions, which earlier versions did not have.
        ("data.allow_empty_classes", False),
        ("data.smoke_test", True),
        ("smaller_oracle_groups", False),
    ],
)
def test_what_does_not_is_none(key, value):
    other = changed(key, value)
    assert config_digest(other) == config_digest(CONFIG)
    assert not differences(CONFIG, other)


def test_a_key_that_is_gone_is_a_difference():
    assert differences(CONFIG, changed("classifier", {})) == [
        "classifier was absent, now {}",
        "classifier.tau was 15.0, now absent",
    ]


def test_only_paths_below_a_moved_folder_move():
    node = {"a": ["/runs/a", "/runs/a/panels", "/runs/ab", "x/runs/a"], "b": 3}
    assert with_paths_moved(node, "/runs/a", "/new") == {
        "a": ["/new", "/new/panels", "/runs/ab", "x/runs/a"],
        "b": 3,
    }


def test_a_network_for_a_checkpoint_asks_for_no_published_weights():
    cfg = OmegaConf.create(
        {
            "data": {"pretrained": True},
            "model": {
                "encoder": {
                    "pretrained": "${data.pretrained}",
                    "weights": "there.pth",
                    "frozen": "${data.pretrained}",
                },
                "stages": [{"pretrained": True, "width": 3}],
            },
        }
    )
    assert without_published_weights(cfg).model == {
        "encoder": {"pretrained": False, "weights": None, "frozen": True},
        "stages": [{"pretrained": False, "width": 3}],
    }


INIT = {"run": None, "checkpoint": "last", "classifier": "keep", "freeze": None, "sha256": None}


def test_an_init_that_says_nothing_is_no_difference():
    assert config_digest({**CONFIG, "init": INIT}) == config_digest(CONFIG)


@pytest.mark.parametrize(("key", "value"), [("sha256", "0123"), ("freeze", "encoder")])
def test_other_weights_at_the_start_are_a_difference(key, value):
    assert config_digest({**CONFIG, "init": {**INIT, key: value}}) != config_digest(CONFIG)


def test_the_folder_of_the_same_weights_is_no_difference():
    one, other = ({**CONFIG, "init": {**INIT, "sha256": "01", "run": run}} for run in ("a", "b"))
    assert config_digest(one) == config_digest(other)


def test_weights_whose_digest_was_not_stored_are_a_difference_without_a_new_digest():
    one, other = ({**CONFIG, "init": {**INIT, "run": run}} for run in ("a", "b"))
    assert differences(CONFIG, one)
    assert differences(one, other) == ["init.sha256 was unknown, of a, now unknown, of b"]
    assert config_digest(one) == config_digest(CONFIG)  # as in checkpoints of earlier versions


@pytest.mark.parametrize(("value", "differs"), [(None, False), ("default", True)])
def test_a_key_that_came_later_differs_only_where_it_does_something(value, differs):
    later = {**CONFIG, "trainer": {"compile": value}}
    earlier = {**CONFIG, "trainer": {}}
    same = {key: node for key, node in earlier.items() if node != {}}
    assert (config_digest(later) != config_digest(same)) is differs


@pytest.mark.parametrize(("flip", "differs"), [(0.5, False), (0.0, True)])
def test_mirroring_as_earlier_versions_did_is_no_difference(flip, differs):
    node = {"crop": [8, 8]}
    earlier = {**CONFIG, "data": {"module": {"train": {"transform": node}}}}
    now = {"flip": flip, "module": {"train": {"transform": {**node, "flip": flip}}}}
    assert (config_digest({**CONFIG, "data": now}) != config_digest(earlier)) is differs
