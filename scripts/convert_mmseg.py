r"""Convert a checkpoint of mmsegmentation or of the CAC and SSA releases into ours.

python scripts/convert_mmseg.py FILE --model upernet_swin --classifier cac \
    --out RUN/checkpoints/last.ckpt
python scripts/evaluate.py run=RUN data.root=PATH
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from segadapt.cli.hydra_command import CONF
from segadapt.cli.shell import answer
from segadapt.text.borders import print_line


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="checkpoint of mmsegmentation 0.x or 1.x")
    parser.add_argument("--model", required=True, help="a name of conf/model")
    parser.add_argument("--classifier", required=True, choices=("fixed", "cac", "ssa"))
    parser.add_argument("--out", required=True, type=Path, help="checkpoint to write")
    parser.add_argument("--data", default="folder", help="a name of conf/data (default: folder)")
    parser.add_argument("overrides", nargs="*", help="KEY=VALUE of the config, such as data.root=.")
    return parser.parse_intermixed_args(words)  # overrides may come last


def composed(overrides: Sequence[str]) -> DictConfig:
    """The config of a training that would make such a network."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("train", list(overrides))


def main(words: Sequence[str]) -> None:
    """Answer one command line."""
    given = arguments(words)
    from segadapt.experiment import build_task
    from segadapt.files import sha256
    from segadapt.models.conversion import convert as published
    from segadapt.models.conversion.plan import plan
    from segadapt.runs.converted import run_of, write_run

    folder = run_of(given.out)
    parts = [f"{group}={getattr(given, group)}" for group in ("data", "model", "classifier")]
    paths = [f"paths.run={folder.resolve()}", "data.pretrained=false"]
    overrides = [*parts, *paths, *given.overrides]
    cfg = composed(overrides)
    rules = plan(cfg.model, given.model, given.classifier)
    file = published.read_published(given.file)
    published.check_classifier(file.tensors, rules, given.classifier, given.file)
    classes = published.count_classes(file.tensors, rules, given.file)
    overrides += facts(given, cfg, file.config, classes)
    cfg = composed(overrides)
    model = build_task(cfg).model
    found = published.convert(file.tensors, rules, model.state_dict(), given.file)
    model.load_state_dict(found.tensors)
    origin = {"file": given.file.name, "sha256": sha256(given.file), "unused": found.unused}
    write_run(given.out, cfg, overrides, found.tensors, origin)
    print_line(f"{given.out}: {len(found.tensors)} tensors, {classes} classes")
    print_line(f"unread in the release too: {', '.join(found.idle) or 'none'}")
    print_line(f"unused: {', '.join(found.unused) or 'none'}")
    print_line(
        f"evaluate with: python scripts/evaluate.py run={folder} checkpoint={given.out.stem}"
    )


def facts(given: argparse.Namespace, cfg: DictConfig, text: str, classes: int) -> list[str]:
    """What the checkpoint says of the network, as overrides.

    Args:
        given: What was typed.
        cfg: The config of it.
        text: The checkpoint's own config.
        classes: How many it scores.

    Raises:
        ValueError: If it contradicts what was typed, or leaves a question open.
    """
    from segadapt.models.conversion.lightham import rank_override

    rank = rank_override(cfg.model.decoder, given.overrides, text, given.file)
    if OmegaConf.is_missing(cfg.data, "num_classes"):
        return [*rank, f"data.num_classes={classes}"]
    if cfg.data.num_classes != classes:
        raise ValueError(
            f"{given.file} scores {classes} classes, but data={given.data} has "
            f"{cfg.data.num_classes}; name its data set with --data, or omit --data"
        )
    return rank


if __name__ == "__main__":
    answer(lambda: main(sys.argv[1:]), HydraException, OmegaConfBaseException)
