"""State dicts under the published names, with the published shapes, become ours and nothing else.

``published.json.gz`` has names and shapes of mmsegmentation's own networks (port 1.4.2), and
``released_names.py`` states those of others; those of the releases' classifiers are spec A.1 and
B.1.
"""

import gzip
import json
import re
from pathlib import Path

import compositions
import pytest
import torch
import torch.nn.functional as F
from hydra.utils import instantiate
from released_names import RELEASED

from segadapt.cli.convert import convert as converted
from segadapt.cli.hydra_command import CONF
from segadapt.data.label_table.reading import read_table
from segadapt.evaluation.trained import read_run_weights
from segadapt.models.conversion.convert import (
    check_classifier,
    convert,
    count_classes,
    read_published,
)
from segadapt.models.conversion.lightham import rank_override
from segadapt.models.conversion.plan import plan
from segadapt.models.conversion.rules import as_linear, merged_patches
from segadapt.runs.reader import read_run
from segadapt.runs.trust import check
from segadapt.segmentor import Segmentor

ROOT = Path(__file__).parents[3]
FILE = Path("a.pth")
PUBLISHED = json.loads(gzip.decompress((Path(__file__).parent / "published.json.gz").read_bytes()))


SHARED = (r"\.MHCA_layers\.\d\.(factoratt_crpe\.)?(cpe|crpe)\.", r".\2.")
"""AFFormer's checkpoints repeat what the blocks of a stage share."""


def idle(model, state):
    """What the releases leave unread: tables of positions, the second block of AFFormer's head."""
    found = r"\.relative_position_index$|\.attention_bias(es|_idxs(_seg)?)$"
    if model.startswith("afformer"):
        found += r"|^decode_head\.align\."
    return [name for name in state if re.search(found, name)]


def shapes_of(model):
    """Names and shapes of the published checkpoint."""
    return PUBLISHED[model] if model in PUBLISHED else RELEASED[model](model)


def drawn(shapes, device="cpu"):
    generator = torch.Generator().manual_seed(0)
    if device == "meta":
        return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    once = {re.sub(*SHARED, name): shape for name, shape in shapes.items()}
    values = {name: torch.rand(shape, generator=generator) for name, shape in once.items()}
    return {name: values[re.sub(*SHARED, name)] for name in shapes}


def released(classifier, width, classes=150):
    """Names and shapes of what a release adds to a decode head."""
    layers = {"0.weight": (width // 2, 2 * width), "2.weight": (width, width // 2), "2.bias": width}
    mlps = {"cac": ("proj", "apd_proj"), "fixed": ()}.get(classifier) or ()
    shapes = {}
    if classifier == "ssa":
        mlps = [
            f"{teacher}center_{kind}_proj" for teacher in ("", "gt_") for kind in ("content", "pos")
        ]
        shapes = {
            "get_feat_pos.weight": (width, 1, 3, 3),
            "get_feat_pos.bias": (width,),
            "center_pos.weight": (classes, width),
            "center_proj.weight": (width, width),
            "gt_center_proj.weight": (width, width),
        }
    for mlp in mlps:
        shapes |= {f"{mlp}.{layer}": shape for layer, shape in layers.items()}
    return {name: (shape,) if isinstance(shape, int) else shape for name, shape in shapes.items()}


def composed(model, classifier="fixed"):
    words = ["data=synthetic", "data.num_classes=150", f"model={model}", f"classifier={classifier}"]
    return compositions.composed(*words)


def ours(cfg):
    return Segmentor(instantiate(cfg.model), instantiate(cfg.classifier), 150)


def network(model, classifier, device="cpu", ours_on="cpu"):
    """Our state dict, the rules, and a published state dict."""
    cfg = composed(model, classifier)
    rules = plan(cfg.model, model, classifier)
    # smp's MiT reads values when it is built.
    with torch.device("cpu" if model.startswith("segformer") else ours_on):
        own = ours(cfg).state_dict()
    shapes = shapes_of(model)
    width = shapes[f"{rules.head}conv_seg.weight"][1]
    extra = {rules.head + name: shape for name, shape in released(classifier, width).items()}
    return own, rules, drawn({**shapes, **extra}, device)


CASES = [
    ("upernet_swin", "cac"),
    ("segformer_mit_b0", "ssa"),
    ("fcn_mobilenetv2", "cac"),
    ("deeplabv3plus_mobilenetv2", "fixed"),
    ("ocrnet_hrnet18", "ssa"),
    ("upernet_resnet50", "fixed"),
    ("segnext_tiny", "ssa"),
    ("seaformer_base", "ssa"),
    ("afformer_base", "ssa"),
    ("cgrseg_base", "ssa"),
]

QUICK = {"upernet_vit_adapter_small", "seaformer_large", "afformer_tiny", "upernet_swin_base"}
OTHERS = sorted({*PUBLISHED, *RELEASED} - {model for model, _ in CASES})


@pytest.mark.parametrize(("model", "classifier"), CASES)
def test_every_tensor_finds_its_place(model, classifier):
    own, rules, state = network(model, classifier, ours_on="meta")  # names and shapes are read
    check_classifier(state, rules, classifier, FILE)
    assert count_classes(state, rules, FILE) == 150
    found = convert(state, rules, own, FILE)
    assert found.unused == []
    assert found.idle == idle(model, state)
    assert {n: v.shape for n, v in found.tensors.items()} == {n: v.shape for n, v in own.items()}
    # Nothing is used twice or lost: the values are those of the file, in another order.
    read = {re.sub(*SHARED, name): state[name] for name in state if name not in found.idle}
    assert sums(found.tensors.values()) == pytest.approx(sums(read.values()), rel=1e-12)


@pytest.mark.parametrize(
    "model",
    [model if model in QUICK else pytest.param(model, marks=pytest.mark.slow) for model in OTHERS],
)
def test_every_tensor_of_other_variants_finds_its_place(model):
    # AFFormer's repeated tensors are compared, which takes values.
    values = "cpu" if model.startswith("afformer") else "meta"
    own, rules, state = network(model, "cac", values, ours_on="meta")
    found = convert(state, rules, own, FILE)
    assert found.unused == []
    assert found.idle == idle(model, state)
    assert {n: v.shape for n, v in found.tensors.items()} == {n: v.shape for n, v in own.items()}


def test_every_network_of_the_papers_is_converted():
    beyond = ("tiny", "smp_", "linear_", "upernet_conv", "upernet_dino", "upernet_sam", "cached")
    again = {"upernet_swin_tiny", "segformer_b0"}
    models = {file.stem for file in (Path(CONF) / "model").glob("*.yaml")}
    papers = {model for model in models if not model.startswith(beyond)}
    assert papers - again == {*PUBLISHED, *RELEASED}


def test_segnext_is_read_under_its_authors_names_too():
    cfg = composed("segnext_tiny")
    rules = plan(cfg.model, "segnext_tiny", "fixed")
    with torch.device("meta"):
        own = ours(cfg).state_dict()
    shapes = {
        name.replace(".mlp.dwconv.", ".mlp.dwconv.dwconv."): shape
        for name, shape in PUBLISHED["segnext_tiny"].items()
    }
    assert convert(drawn(shapes, "meta"), rules, own, FILE).unused == []


def test_the_translation_of_colours_stays_ours():
    own, rules, state = network("upernet_vit_adapter_base", "fixed", "meta", "meta")
    places = [name for name in own if ".colors." in name]
    assert len(places) == 2
    assert all(convert(state, rules, own, FILE).tensors[name] is own[name] for name in places)


def test_cgrsegs_own_classifier_is_told():
    rules = plan(composed("cgrseg_base").model, "cgrseg_base", "fixed")
    state = {"decode_head.lgc.conv_mask.weight": torch.ones(1, 256, 1, 1)}
    with pytest.raises(ValueError, match=r"holds CGRSeg's own classifier \(decode_head\.lgc"):
        check_classifier(state, rules, "fixed", FILE)


def sums(tensors):
    """Count, sum and sum of squares of all values."""
    flat = [v.double().flatten() for v in tensors]
    parts = [(v.numel(), v.sum().item(), v.dot(v).item()) for v in flat]
    return tuple(map(sum, zip(*parts, strict=True)))


def test_patches_are_merged_in_the_other_order():
    width, out = 3, 5
    image = torch.rand(1, width, 4, 6)
    weight, scale = torch.rand(out, 4 * width), torch.rand(4 * width)
    theirs = (F.unfold(image, 2, stride=2).transpose(1, 2) * scale) @ weight.T
    (moved,) = merged_patches("layers_1.downsample.reduction.weight", weight).values()
    (factor,) = merged_patches("layers_1.downsample.norm.weight", scale).values()
    cells = [image[0, :, i : i + 2, j : j + 2] for i in (0, 2) for j in (0, 2, 4)]
    # timm: the channels of the upper left cell, the lower left, the upper right, the lower right.
    rows = [torch.cat([c[:, 0, 0], c[:, 1, 0], c[:, 0, 1], c[:, 1, 1]]) for c in cells]
    assert torch.allclose((torch.stack(rows) * factor) @ moved.T, theirs[0], atol=1e-6)


def test_attention_is_split_into_query_and_the_rest():
    value = torch.rand(12, 4)
    parts = as_linear("block1.0.attn.in_proj_weight", value)
    assert torch.equal(parts["block1.0.attn.q.weight"], value[:4])
    assert torch.equal(parts["block1.0.attn.kv.weight"], value[4:])


@pytest.fixture(scope="module")
def segformer():
    return network("segformer_mit_b0", "fixed")


def test_a_missing_tensor_is_told(segformer):
    own, rules, state = segformer
    state = {name: value for name, value in state.items() if "fusion_conv.bn" not in name}
    with pytest.raises(ValueError, match=r"4 of 208 tensors are missing, such as generator\.dec"):
        convert(state, rules, own, FILE)


def test_another_variant_is_told(segformer):
    own, rules, state = segformer
    state = {**state, "backbone.layers.0.2.weight": torch.ones(64)}
    with pytest.raises(ValueError, match=r"layers\.0\.2\.weight has the shape \(64,\), where this"):
        convert(state, rules, own, FILE)


def test_what_has_no_place_is_named(segformer):
    own, rules, state = segformer
    found = convert({**state, "decode_head.extra": torch.ones(1)}, rules, own, FILE)
    assert found.unused == ["decode_head.extra"]


def test_another_classifier_is_told(segformer):
    _, rules, state = segformer
    with pytest.raises(ValueError, match="holds the classifier fixed, not cac"):
        check_classifier(state, rules, "cac", FILE)


def test_networks_of_others_have_nothing_to_convert():
    with pytest.raises(ValueError, match="model=tiny is not a network of mmsegmentation"):
        plan(composed("tiny").model, "tiny", "fixed")


@pytest.mark.parametrize("key", ["state_dict", "model", None])
@pytest.mark.parametrize(
    "prefix", ["", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "model._orig_mod."]
)
def test_names_of_compiled_and_wrapped_networks_are_read(prefix, key, tmp_path):
    state = {"decode_head.conv_seg.weight": torch.rand(2, 3, 1, 1), "backbone.x": torch.rand(2)}
    wrapped = {prefix + name: value for name, value in state.items()}
    torch.save({key: wrapped} if key else wrapped, tmp_path / "a.pth")
    found = read_published(tmp_path / "a.pth").tensors
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)


def test_names_of_compiled_parts_are_read(tmp_path):
    names = ("backbone._orig_mod.x", "decode_head._orig_mod.conv_seg.weight")
    torch.save({"state_dict": dict.fromkeys(names, torch.ones(1))}, tmp_path / "a.pth")
    assert list(read_published(tmp_path / "a.pth").tensors) == [
        "backbone.x",
        "decode_head.conv_seg.weight",
    ]


@pytest.mark.parametrize("model", ["segnext_base", "segnext_large"])
def test_the_rank_that_no_tensor_shows_is_asked_for(model):
    decoder = composed(model).model.decoder
    with pytest.raises(ValueError, match=r"a\.pth does not state the rank.*=16 if.*=64 if"):
        rank_override(decoder, [], "", FILE)
    for typed in (["model.decoder.rank=16"], ["data.root=.", "model.decoder.rank=64"]):
        assert rank_override(decoder, typed, "", FILE) == []


@pytest.mark.parametrize(
    "text", ["ham_kwargs=dict(MD_R=16, MD_S=1)", "{'MD_R': 16}", '"MD_R": 16,', "MD_R = 16"]
)
def test_the_rank_is_taken_from_the_checkpoints_own_config(text):
    decoder = composed("segnext_base").model.decoder
    assert rank_override(decoder, [], text, FILE) == ["model.decoder.rank=16"]
    assert rank_override(decoder, [], text.replace("16", "64"), FILE) == []
    with pytest.raises(
        ValueError, match=r"trained with rank 16, .*not with model\.decoder\.rank=64"
    ):
        rank_override(decoder, ["model.decoder.rank=64"], text, FILE)


def test_the_rank_of_others_is_no_question():
    for model in ("segnext_tiny", "segnext_small", "upernet_swin"):
        assert rank_override(composed(model).model.decoder, [], "", FILE) == []


@pytest.mark.parametrize("key", ["cfg", "config"])
def test_the_config_in_a_checkpoint_is_read(key, tmp_path):
    state = {"decode_head.conv_seg.weight": torch.ones(1)}
    torch.save({"meta": {key: "MD_R=16"}, "state_dict": state}, tmp_path / "a.pth")
    assert read_published(tmp_path / "a.pth").config == "MD_R=16"
    torch.save({"meta": None, "state_dict": state}, tmp_path / "a.pth")
    assert read_published(tmp_path / "a.pth").config == ""


class Unreadable:
    """What mmengine's training state looks like to a reader of tensors."""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"backbone.x": torch.ones(1)}, "has no decode_head"),
        ({"state_dict": {}, "message_hub": Unreadable()}, "more than tensors"),
    ],
)
def test_files_of_something_else_are_told(content, message, tmp_path):
    torch.save(content, tmp_path / "file.pth")
    with pytest.raises(ValueError, match=message):
        read_published(tmp_path / "file.pth")


@pytest.mark.parametrize("content", [b"", b"hello", b"<html></html>", b"PK\x03\x04", b"\x80\x02"])
def test_files_that_are_no_checkpoints_are_told(content, tmp_path):
    (tmp_path / "file.pth").write_bytes(content)
    with pytest.raises(ValueError, match=r"file\.pth (is not a checkpoint|cannot be read)"):
        read_published(tmp_path / "file.pth")


def test_a_converted_file_is_a_run_that_evaluates(segformer, tmp_path, capsys):
    own, rules, state = segformer
    folder = tmp_path / "nb's run (1)"  # characters that Hydra reads as syntax
    file, out = tmp_path / "theirs.pth", folder / "checkpoints" / "last.ckpt"
    torch.save({"meta": {"mmseg_version": "0.30.0"}, "state_dict": state}, file)
    words = [str(file), "model=segformer_mit_b0", "classifier=fixed"]
    converted([*words, f"out={out}", "data.root=."])  # overrides may come last
    assert read_run(str(folder), "last", check).config.data.root == "."
    assert "unused: none" in capsys.readouterr().out
    run = read_run(str(folder), "last", check)
    assert (run.state, run.config.data.num_classes) == ("finished", 150)
    tensors = read_run_weights(run.checkpoint).tensors
    expected = convert(state, rules, own, FILE).tensors
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], expected[name]) for name in tensors)
    with pytest.raises(ValueError, match="scores 150 classes, but data=synthetic has"):
        converted([*words, f"out={tmp_path / 'other' / 'a.ckpt'}", "data=synthetic"])


def test_a_converted_network_keeps_the_label_table_of_its_classes(segformer, tmp_path):
    _, _, state = segformer
    file, run, table = tmp_path / "theirs.pth", tmp_path / "run", tmp_path / "classes.txt"
    torch.save({"state_dict": state}, file)
    words = [str(file), "model=segformer_mit_b0", "classifier=fixed", f"out={run}/a.ckpt"]
    table.write_text("road\nsky\n")
    with pytest.raises(ValueError, match=r"150 classes, but the label table .*classes.txt has 2;"):
        converted([*words, f"data.root={tmp_path}"])
    assert not run.exists()
    table.write_text("".join(f"class {k}\n" for k in range(150)))
    converted([*words, f"data.root={tmp_path}"])
    assert read_table(run / "classes.yaml").names[149] == "class 149"
