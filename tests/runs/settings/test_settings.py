"""Every key of every config refuses what it does not take, in one sentence that names it."""

import re
from functools import cache

import pytest
from compositions import composed
from hostile import Case, cases, certainly_wrong

from segadapt.runs.settings.check import check_command, check_values, shown, unresolved
from segadapt.runs.settings.settle import settle

RUN = ("data=folder", "data.num_classes=3", "paths.run=run", "trainer=ddp", "trainer.devices=1")
CONFIGS = {
    "digits": ("train", ("paths.run=run",)),
    "folder": (
        "train",
        (*RUN, "model=upernet_swin", "classifier=cac", "inference=slide_multiscale"),
    ),
    "sgd": ("train", (*RUN, "optimizer=sgd", "classifier=gmmseg", "optimizer=adamw_vit_adapter")),
    "evaluate": ("evaluate", ("inference=multiscale",)),
    "resume": ("resume", ()),
    "cache_features": ("cache_features", ()),
    "check_data": ("check_data", ("data=voc2012",)),
}
SQUARES = ("data.crop", "inference.window", "inference.stride")
FREE = ("published", "label", "logger", "run", "optimizer.custom_keys", "trainer.devices", "env")
"""Keys that take nearly anything, or another type than they have by default."""


@cache
def plain(name):
    config, overrides = CONFIGS[name]
    return unresolved(composed(*overrides, name=config))


def sentence(name, case):
    """What is said about a case; None if it passes."""
    try:
        if CONFIGS[name][0] == "train":
            check_values(case.config)
        else:
            check_command(case.config, CONFIGS[name][0])
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("every", [23, pytest.param(1, marks=pytest.mark.slow)])
def test_what_a_key_cannot_take_is_refused_by_its_name(name, every):
    answers = [(case, sentence(name, case)) for case in cases(plain(name), every)]
    refused = [(case, said) for case, said in answers if said is not None]
    for case, said in refused:
        assert re.fullmatch(rf"{re.escape(case.key)}(\.a)?=.*; it must be .*", said), said
    passed = [case for case, said in answers if said is None and not case.key.startswith(FREE)]
    assert not [case[:3] for case in passed if certainly_wrong(case.before, case.value)]
    assert len(refused) > len(answers) / 3


def test_every_key_of_every_config_is_known():
    for name, (config, overrides) in CONFIGS.items():
        assert sentence(name, Case("", None, None, plain(name))) is None
        if config == "train":
            settle(composed(*overrides))


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("data.crop=[32]", "data.crop=[32]; it must be a list of 2 integers from 1 to 65536"),
        (
            "data.scale=64",
            "data.scale=64; it must be a list of 2 integers from 1 to 65536 or null",
        ),
        ("data.pretrained=yes_please", "data.pretrained=yes_please; it must be true or false"),
        ("optimizer.lr=-0.1", "optimizer.lr=-0.1; it must be a number > 0"),
        ("optimizer.lr=nan", "optimizer.lr=.nan; it must be a finite number > 0"),
        ("optimizer.betas=[0.9,1.0]", "optimizer.betas=[0.9, 1.0]; it must be a list of 2 numbers"),
        ("model.encoder=resnet34", "choose one with model/encoder=NAME, such as resnet"),
        (
            "trainer.limit_val_batches=0",
            "trainer.limit_val_batches=0; it must be an integer >= 1",
        ),
        ("trainer.devices=0", "trainer.devices=0; it must be an integer >= 1, a list"),
        ("data.steps=1000.0", "data.steps=1000.0; it must be an integer >= 1"),
        (
            "logger.name=2024",
            "logger.name=2024; it must be a text, written with quotes: \"'2024'\"",
        ),
        ("data.batch_size='8'", "data.batch_size='8'; it must be an integer"),
        ("classifier._target_=segadapt.classifiers.cac.CAC", "this one does not exist"),
        ("~data.steps", "data.steps"),
        ("~model.decoder", "model.decoder is missing; add it with +model.decoder=VALUE"),
        ("data.allow_empty_classes=1", "data.allow_empty_classes=1; it must be true or false"),
        ("seed=${seed}", "seed"),
        (
            "data.root=${nothing}",
            "data.root refers to nothing, which the config lacks; set data.root=VALUE",
        ),
    ],
)
def test_values_of_another_kind(override, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        settle(composed(*RUN, override))


def test_a_loss_that_does_not_fit_the_classifier_is_explained():
    said = (
        "loss.terms.coarse.group refers to classifier.oracle_group, which the config lacks; "
        "choose options of loss and classifier that go together, or set loss.terms.coarse.group"
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        settle(composed(*RUN, "classifier=fixed", "loss=ssa"))


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("+lr=0.1", "Nothing reads lr; remove it. Did you mean optimizer.lr?"),
        ("+epochs=10", "Nothing reads epochs"),
        ("+compile=true", "Nothing reads compile"),
        (
            "+data.batchsize=2",
            "Nothing reads data.batchsize; remove it. Did you mean data.batch_size",
        ),
        ("+model.encoder.nonsense=1", "Nothing reads model.encoder.nonsense"),
        ("+trainer.max_epochs=3", "trainer.max_epochs has no effect: this project sets it itself"),
        ("+trainer.nonsense=3", "Nothing reads trainer.nonsense"),
    ],
)
def test_what_nothing_reads_is_refused(override, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        settle(composed(*RUN, override))


@pytest.mark.parametrize(
    "override",
    [
        "+data.module.train.transform.photometric=false",
        "+model.encoder.stem=3",
        "+mine={_target_: builtins.dict, width: '${data.width}'}",
    ],
)
def test_what_is_a_parameter_or_is_referred_to_is_read(override):
    words = ["model=upernet_vit_adapter_small", override]
    if "mine" in override:
        words = ["+data.width=3", "+callbacks." + override[1:]]
    settle(composed(*RUN, *words))


@pytest.mark.parametrize("key", SQUARES)
def test_one_number_for_rows_and_columns_is_a_square(key):
    other = ["inference.window=64"] if key.endswith("stride") else []
    cfg = composed(*RUN, "inference=slide", *other, f"{key}=32")
    config = settle(cfg)
    group, _, name = key.partition(".")
    assert config[group][name] == [32, 32]
    if key == "data.crop":
        assert config["data"]["module"]["train"]["transform"]["crop"] == [32, 32]


def test_secrets_are_not_repeated():
    with pytest.raises(ValueError, match=r"logger.api_key") as caught:
        settle(composed(*RUN, "+logger.api_key=s3cr3t"))
    assert "s3cr3t" not in str(caught.value)
    assert "s3cr3t" not in shown("data.root", "https://me:s3cr3t@host/x")
