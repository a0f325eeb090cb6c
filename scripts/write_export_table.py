"""Write which models export for any size: python scripts/write_export_table.py models=[tiny]."""

import sys
import tempfile
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from torch import Tensor

from segadapt.cli.places import CONF
from segadapt.cli.shell import answer
from segadapt.deployment.export.export import export
from segadapt.deployment.export.form import Form
from segadapt.experiment import build_task
from segadapt.functional.normalization import MEAN, STD
from segadapt.runs.overrides import override

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks/ is not installed

from benchmarks.harness.settled import settle_batch_norm  # noqa: E402

PAGE: Final = ROOT / "docs" / "how-to" / "export.md"
BEGIN, END = "<!--exports-->\n", "<!--/-->"
PARTS: Final = ("data", "model", "classifier", "inference", "trainer", "seed", "paths")
MODELS: Final = (
    "tiny",
    "fcn_mobilenetv2",
    "deeplabv3plus_resnet50",
    "upernet_swin",
    "segformer_mit_b0",
    "segnext_tiny",
    "seaformer_base",
    "ocrnet_hrnet18",
)

SETTINGS: Final = {
    "segnext_tiny": ["model.decoder.seed=0"],  # else two passes differ
    "upernet_swin": ["data.crop=[320,384]"],  # a program is for one window or for several
}
"""Overrides of the training for models that need them."""

SIZE: Final = (128, 192)
"""Rows and columns of the crop, unless the model needs others, and of a file for one size."""


def main(words: list[str]) -> None:
    """Export models and renew their rows."""
    chosen = words[0].partition("=")[2].strip("[]").split(",") if words else list(MODELS)
    for model in chosen:
        row = f"| `{model}` | {result(model)} |"
        print(row, flush=True)
        PAGE.write_text(renewed(PAGE.read_text(), model, row))


def result(model: str) -> str:
    """The result of an export as two cells; a network of fixed size is tried with one size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = write_run(folder / "run", model)
        try:
            return f"yes | {difference(run, folder, Form())}"
        except ValueError as error:
            reason = str(error).replace(f"{folder}/x.onnx", "the file").replace("|", "/")
        try:
            fixed = difference(run, folder, Form(size=SIZE))
        except ValueError as error:
            fixed = f"not either ({type(error.__cause__ or error).__name__})"
        return f"no; with `size=`: {fixed} | {' '.join(reason.split())[:240]}"


def difference(run: Path, folder: Path, form: Form) -> str:
    """Largest difference of the scores of an exported file."""
    return f"{export(str(run), folder / 'x.onnx', form).parity.difference:.1e}"


def write_run(folder: Path, model: str) -> Path:
    """A run folder of an untrained network."""
    crop = f"data.crop=[{SIZE[0]},{SIZE[1]}]"
    words = ["data=camvid", "data.root=none", crop, "data.pretrained=false"]
    words += [f"model={model}", "classifier=ssa", "trainer=cpu", override("paths.run", folder)]
    words += SETTINGS.get(model, [])
    with initialize_config_dir(str(CONF), version_base=None):
        cfg = compose("train", words)
    torch.manual_seed(0)
    task = build_task(cfg)
    settle_batch_norm(task.model.generator, blocks())
    (folder / "checkpoints").mkdir(parents=True)
    OmegaConf.save(OmegaConf.masked_copy(cfg, list(PARTS)), folder / "config.yaml", resolve=True)
    state = {"state_dict": task.state_dict(), "global_step": 0}
    torch.save(state, folder / "checkpoints" / "last.ckpt")
    (folder / "run.json").write_text('{"state": "finished"}')
    return folder


def blocks() -> Tensor:
    """Four normalised images of coloured blocks."""
    colors = torch.rand(4, 3, 16, 24)
    normalised = (colors - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    return F.interpolate(normalised, scale_factor=8)


def renewed(page: str, model: str, row: str) -> str:
    """The page with one row in its place, in the order of ``MODELS``."""
    before, rest = page.split(BEGIN)
    table, after = rest.split(END)
    head, rule, *rows = table.splitlines()
    by_model = {line.split("`")[1]: line for line in rows} | {model: row}
    ordered = [by_model[name] for name in MODELS if name in by_model]
    return before + BEGIN + "\n".join([head, rule, *ordered]) + "\n" + END + after


if __name__ == "__main__":
    answer(lambda: main(sys.argv[1:]))
