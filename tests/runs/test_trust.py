"""What a run folder from somebody else may have built."""

import re

import pytest
from compositions import composed
from omegaconf import OmegaConf

from segadapt.cli.places import CONF
from segadapt.runs.trust import check


@pytest.mark.parametrize("classifier", ["fixed", "cac_paper", "ssa"])
@pytest.mark.parametrize("rest", [["data=digits"], ["data=folder", "data.num_classes=3"]])
def test_a_run_of_ours_is_trusted(classifier, rest):
    changes = [*rest, f"classifier={classifier}", "trainer=ddp", "paths.run=run"]
    cfg = composed(*changes, "model=upernet_swin_tiny", "inference=multiscale")
    check(OmegaConf.create(OmegaConf.to_container(cfg, resolve=True)))


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("os.system", "not on the allow-list"),
        ("builtins.eval", "not on the allow-list"),
        ("torch.load", "not on the allow-list"),
        ("torch.nn.modules.module.torch.load", "which is not on the allow-list"),
        ("segadapt.data.files.decode.cv2.imwrite", "neither a class nor a function"),
        ("segadapt.losses.response.torch.hub.load", "which is not on the allow-list"),
        ("segadapt.data.module.SegmentationDataModule.train_dataloader", "a part of a class"),
        ("segadapt.data.workers.start_worker.__globals__", "neither a class nor a function"),
        ("torch.nn.Nothing", "it does not exist"),
        ("torch.nn.modules", "neither a class nor a function"),
        ("os; import sys", "this is not a valid name"),
        (["os.system"], "this is not a valid name"),
    ],
)
def test_anything_else_is_refused_under_all_its_names(target, reason):
    cfg = OmegaConf.create({"model": {"neck": [{"_target_": target}]}})
    with pytest.raises(
        ValueError, match=r"from the run's config: model\.neck\.0\._target_="
    ) as refusal:
        check(cfg)
    assert reason in str(refusal.value)
    assert "trust_config=true" in str(refusal.value)


@pytest.mark.parametrize(
    "node", [{"_call_": "x"}, {"_factory_": 1}, {"a": "${cached:x,crop}"}, {"_args_": ["${seed}"]}]
)
def test_what_could_hide_a_call_is_refused(node):
    with pytest.raises(ValueError, match="refusing to build from"):
        check(OmegaConf.create({"data": node}))


def test_an_unknown_module_is_not_even_imported(tmp_path, monkeypatch):
    (tmp_path / "canary.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="not on the allow-list"):
        check(OmegaConf.create({"model": {"_target_": "canary.Network"}}))


def test_what_the_environment_says_stays_a_name(monkeypatch):
    monkeypatch.setenv("CANARY", "s3cr3t")
    assert check(OmegaConf.create({"a": "${oc.env:CANARY}/b"})).a == "$CANARY/b"


SUMMARY = {"_target_": "segadapt.training.callbacks.summary.Summary"}
WANDB = {"_target_": "segadapt.training.loggers.wandb_tracker.WandbTracker", "project": "p"}
TRAINER = {"_target_": "lightning.Trainer"}


@pytest.mark.parametrize(
    "node",
    [
        {**SUMMARY, "folder": "/elsewhere"},
        {**SUMMARY, "folder": "/run/../elsewhere"},
        {**SUMMARY, "folder": "/runs"},
        {**SUMMARY, "folder": "elsewhere"},
        {**SUMMARY, "folder": ""},
        {**SUMMARY, "folder": "~"},
        {**SUMMARY, "_args_": ["/run"]},
        {**WANDB, "folder": "/elsewhere"},
        {**WANDB, "folder": "/run", "name": "../../elsewhere"},
        {**TRAINER, "default_root_dir": "/elsewhere"},
        {"_target_": "lightning.pytorch.loggers.CSVLogger", "save_dir": "/elsewhere"},
        {"_target_": "lightning.pytorch.loggers.CSVLogger", "save_dir": "/run", "name": "/else"},
    ],
)
def test_nothing_is_written_outside_of_the_run_folder(node):
    cfg = {"paths": {"run": "/run"}, "callbacks": {"mine": [node]}}
    with pytest.raises(ValueError, match=r"config: callbacks\.mine\.0\."):
        check(OmegaConf.create(cfg))


@pytest.mark.parametrize(
    "target",
    [
        "lightning.pytorch.callbacks.ModelCheckpoint",  # without dirpath: where one happens to be
        "lightning.pytorch.callbacks.LearningRateFinder",
        "lightning.pytorch.loggers.MLFlowLogger",
        "lightning.pytorch.loggers.WandbLogger",
        "segadapt.data.checks.check_dataset.check",
        "segadapt.data.checks.quick_check.look_at",
    ],
)
def test_what_writes_by_itself_or_to_a_network_is_refused(target):
    with pytest.raises(ValueError, match="refusing to build from"):
        check(OmegaConf.create({"callbacks": {"a": {"_target_": target}}}))


@pytest.mark.parametrize(
    "name", ["hf_hub:someone/net", "hf-hub:a/b", "local-dir:/x", "tu-HF_HUB:x"]
)
def test_networks_that_somebody_else_describes_are_refused(name):
    with pytest.raises(ValueError, match="refusing to build from"):
        check(OmegaConf.create({"model": {"encoder": {"name": name}}}))


def test_a_place_in_the_folder_is_not_refused():
    node = {**SUMMARY, "folder": "/run/panels", "console": None}
    check(OmegaConf.create({"paths": {"run": "/run"}, "callbacks": {"mine": node}}))


TARGET = re.compile(r"_target_:\s*([\w.]+)")
OUTSIDE = ("hydra_plugins.", "segadapt.runs.new_folder.")
"""What Hydra itself builds, which no run's config holds."""


def test_everything_that_the_configs_name_is_trusted():
    named = {found for file in CONF.rglob("*.yaml") for found in TARGET.findall(file.read_text())}
    assert len(named) > 60
    for target in sorted(named):
        if not target.startswith(OUTSIDE):
            check(OmegaConf.create({"a": {"_target_": target}}))


def test_what_is_refused_is_shown_without_control_characters():
    with pytest.raises(ValueError, match="refusing to build from") as refusal:
        check(OmegaConf.create({"a": {"_target_": "x\x1b[2J\n" + "y" * 1000}}))
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 500
