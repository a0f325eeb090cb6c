"""What a run folder from somebody else may have built."""

import pytest
from compositions import composed
from omegaconf import OmegaConf

from segadapt.trust import check


@pytest.mark.parametrize("classifier", ["fixed", "cac_paper", "ssa"])
@pytest.mark.parametrize("rest", [["data=digits"], ["data=folder", "data.num_classes=3"]])
def test_a_run_of_ours_is_trusted(classifier, rest):
    changes = [*rest, f"classifier={classifier}", "trainer=ddp", "paths.run=run"]
    cfg = composed(*changes, "model=upernet_swin_tiny", "inference=multiscale")
    check(OmegaConf.create(OmegaConf.to_container(cfg, resolve=True)))


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("os.system", "not on the list"),
        ("builtins.eval", "not on the list"),
        ("torch.load", "not on the list"),
        ("torch.nn.modules.module.torch.load", "which is not on the list"),
        ("segadapt.data.decode.cv2.imwrite", "neither a class nor a function"),
        ("segadapt.losses.response.torch.hub.load", "which is not on the list"),
        ("segadapt.data.module.SegmentationDataModule.train_dataloader", "a part of a class"),
        ("segadapt.models.nothing", "there is no such thing"),
        ("segadapt.data.module.start_worker.__globals__", "neither a class nor a function"),
        ("torch.nn.modules", "neither a class nor a function"),
        ("os; import sys", "this is no name"),
        (["os.system"], "this is no name"),
    ],
)
def test_anything_else_is_refused_under_all_its_names(target, reason):
    cfg = OmegaConf.create({"model": {"neck": [{"_target_": target}]}})
    with pytest.raises(ValueError, match=r"not trusted: model\.neck\.0\._target_=") as refusal:
        check(cfg)
    assert reason in str(refusal.value)
    assert "trust_config=true" in str(refusal.value)


@pytest.mark.parametrize(
    "node", [{"_call_": "x"}, {"_factory_": 1}, {"a": "${oc.env:HOME}"}, {"_args_": ["${seed}"]}]
)
def test_what_could_hide_a_call_is_refused(node):
    with pytest.raises(ValueError, match="not trusted"):
        check(OmegaConf.create({"data": node}))


def test_an_unknown_module_is_not_even_imported(tmp_path, monkeypatch):
    (tmp_path / "canary.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="not on the list"):
        check(OmegaConf.create({"model": {"_target_": "canary.Network"}}))
