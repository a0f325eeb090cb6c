"""Experiments on other data than the papers'."""

import pytest
from compositions import composed

from segadapt.analysis.comparison.paper_numbers import announcement, departures
from segadapt.cli.hydra_command import CONF
from segadapt.cli.scaled_experiments import scale_experiment
from segadapt.functional.rates import warm_up


def config(*words):
    return composed(*scale_experiment(words, CONF)[0], "paths.run=run")


def test_without_an_experiment_nothing_is_added():
    words = ["data=camvid", "model=upernet_swin"]
    assert scale_experiment(words, CONF) == (words, [])


@pytest.mark.parametrize("data", ["digits", "camvid"])
def test_small_data_bring_their_steps_and_a_network_to_train_from_scratch(data):
    alone = config(f"data={data}").data
    for experiment in (
        "cac_table2_e",
        "ssa_table5_minus_h",
        "cac_table1_ocrnet_hrnet18_ade20k_cac",
    ):
        cfg = config(f"experiment={experiment}", f"data={data}")
        assert (cfg.data.steps, cfg.data.eval_every) == (alone.steps, alone.eval_every)
        assert cfg.model.encoder._target_.endswith("TinyEncoder")
        assert (cfg.optimizer.lr, cfg.optimizer.custom_keys) == (4e-3, {})
        assert (cfg.schedule.warmup, cfg.schedule.reference_steps) == (50, None)


@pytest.mark.parametrize("typed", [[], ["model=cached"]])
def test_cached_features_bring_a_classifier_alone_and_its_optimiser(typed):
    words = ["experiment=ssa_table1_afformer_base_ade20k_ssa", "data=cached", *typed]
    _, added = scale_experiment(words, CONF)
    assert ("model=cached" in added) == (not typed)
    optimizer = ["optimizer=adamw", "optimizer.lr=0.004", "optimizer.layer_decay=null"]
    assert added[-4:] == [*optimizer, "schedule.reference_steps=null"]


def test_what_is_typed_wins():
    cfg = config("experiment=cac_table2_e", "data=digits", "data.steps=20", "optimizer.lr=0.5")
    assert (cfg.data.steps, cfg.optimizer.lr) == (20, 0.5)


def test_a_typed_network_keeps_the_recipe():
    cfg = config("experiment=cac_table2_e", "data=camvid", "model=upernet_swin_tiny")
    assert cfg.data.steps == 8000
    assert cfg.schedule.reference_steps == 160_000


def test_the_warm_up_is_the_same_share_of_a_shorter_run():
    assert warm_up(1500, 160_000, 160_000) == 1500
    assert warm_up(1500, 40_000, 160_000) == 375
    assert warm_up(1500, 8000, 160_000) == 75
    assert warm_up(1500, 800) == 1500
    assert warm_up(1500, 800, longest=0.1) == 80
    assert warm_up(1500, 80_000, longest=0.1) == 1500


def test_several_data_sets_at_once_are_refused():
    with pytest.raises(ValueError, match="start one sweep for each"):
        scale_experiment(["experiment=cac_table2_a", "data=digits,camvid"], CONF)


def test_a_glob_without_a_match_is_refused_with_near_names():
    with pytest.raises(ValueError, match=r"matches none of .* nearest are .*cac_table2_"):
        scale_experiment(["-m", "experiment=glob(cac_tabel2_*)"], CONF)


def test_other_mistakes_are_left_to_hydra():
    for words in (["experiment=nonsense"], ["experiment=cac_table2_a", "data=nonsense"], ["a=[b"]):
        assert scale_experiment(words, CONF) == (words, [])


PUBLISHED = {
    "paper": "CAC",
    "table": 2,
    "row": "e",
    "miou": 45.23,
    "data": "ade20k",
    "model": "upernet_swin_tiny",
    "steps": 160_000,
}


def test_scaling_is_said():
    said = announcement(PUBLISHED, "digits", "tiny", 800, 50)
    assert said == (
        "CAC Table 2 (e), printed: 45.23 mIoU; scaled: digits for ade20k, tiny for "
        "upernet_swin_tiny, 800 steps for 160000 (1:200), 50 of them warm-up: not comparable "
        "with it"
    )


def test_the_published_conditions_depart_in_nothing():
    assert departures(PUBLISHED, "ade20k", "upernet_swin_tiny", 160_000, 1500) == []
    said = announcement(PUBLISHED, "ade20k", "upernet_swin_tiny", 160_000, 1500)
    assert said == "CAC Table 2 (e), printed: 45.23 mIoU"
