"""``segadapt convert``: checkpoints of mmsegmentation and of the releases into run folders."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from segadapt.cli.hydra_command import CONF  # importing it registers our resolvers
from segadapt.cli.shell import answer
from segadapt.cli.words import UsageError, read_words
from segadapt.files import expanded
from segadapt.runs.file_names import TABLE
from segadapt.runs.overrides import override, quoted_override
from segadapt.text.borders import print_line
from segadapt.text.choices import unknown
from segadapt.text.invocation import command

if TYPE_CHECKING:
    from segadapt.data.label_table.table import LabelTable

CLASSIFIERS = ("fixed", "cac", "ssa")
"""Classifiers that can be converted."""


class Wanted(NamedTuple):
    """Options of a conversion, as typed."""

    file: Path
    model: str
    classifier: str
    data: str
    out: Path
    overrides: list[str]


def main(words: Sequence[str]) -> None:
    """Run one command line.

    Args:
        words: The checkpoint, ``KEY=VALUE`` of conf/convert.yaml, and of the training config.
    """
    answer(lambda: convert(words), HydraException, OmegaConfBaseException)


def convert(words: Sequence[str]) -> None:
    """Convert a checkpoint as requested by the words."""
    given = wanted(words)
    from segadapt.data.label_table.reading import write_table
    from segadapt.experiment import build_task
    from segadapt.files import sha256
    from segadapt.models.conversion import convert as published
    from segadapt.models.conversion.plan import plan
    from segadapt.runs.converted import run_of, write_run

    folder = run_of(given.out)
    parts = [f"data={given.data}", f"model={given.model}", f"classifier={given.classifier}"]
    paths = [override("paths.run", folder.resolve()), "data.pretrained=false"]
    overrides = [*parts, *paths, *given.overrides]
    cfg = compose_config(overrides)
    rules = plan(cfg.model, given.model, given.classifier)
    file = published.read_published(given.file)
    published.check_classifier(file.tensors, rules, given.classifier, given.file)
    classes = published.count_classes(file.tensors, rules, given.file)
    overrides += facts(given, cfg, file.config, classes)
    cfg = compose_config(overrides)
    table = label_table(cfg, given.file, classes)
    model = build_task(cfg).model
    converted = published.convert(file.tensors, rules, model.state_dict(), given.file)
    model.load_state_dict(converted.tensors)
    origin = {"file": given.file.name, "sha256": sha256(given.file), "unused": converted.unused}
    write_run(given.out, cfg, overrides, converted.tensors, origin)
    if table is not None:
        write_table(table, folder / TABLE, ["Label table of this network."])
    print_line(f"{given.out}: {len(converted.tensors)} tensors, {classes} classes")
    print_line(f"tensors that the released code does not use either: {_listed(converted.idle)}")
    print_line(f"unused: {_listed(converted.unused)}")
    words = [quoted_override("run", folder), quoted_override("checkpoint", given.out.stem)]
    print_line(f"evaluate with: {command('evaluate')} {' '.join(words)}")


def wanted(words: Sequence[str]) -> Wanted:
    """The options as typed.

    Raises:
        UsageError: If the checkpoint or a key without a default is missing.
    """
    options: dict[str, Any] = read_words(words, CONF / "convert.yaml", "words", titles=True)
    files = [word for word in options["words"] if "=" not in word or Path(word).exists()]
    if len(files) != 1:
        raise UsageError(
            f"Expected one checkpoint, got {len(files)}. Write: segadapt convert FILE ..."
        )
    if missing := [key for key in ("model", "classifier", "out") if options[key] is None]:
        raise UsageError(f"{missing[0]} has no value. Pass {missing[0]}=VALUE.")
    if options["classifier"] not in CLASSIFIERS:
        raise UsageError(unknown("classifier", options["classifier"], CLASSIFIERS))
    return Wanted(
        file=Path(files[0]),
        model=options["model"],
        classifier=options["classifier"],
        data=options["data"],
        out=Path(options["out"]),
        overrides=[word for word in options["words"] if word not in files],
    )


def compose_config(overrides: Sequence[str]) -> DictConfig:
    """The config of a training with such a network."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("train", list(overrides))


def facts(given: Wanted, cfg: DictConfig, text: str, classes: int) -> list[str]:
    """Overrides that the checkpoint implies for the network.

    Args:
        given: The options as typed.
        cfg: Config of the network.
        text: Config stored in the checkpoint.
        classes: Number of classes that it scores.

    Raises:
        ValueError: If it contradicts the typed options, or does not determine the network.
    """
    from segadapt.models.conversion.lightham import rank_override

    rank = rank_override(cfg.model.decoder, given.overrides, text, given.file)
    if OmegaConf.is_interpolation(cfg.data, "num_classes"):  # the table may be on another machine
        return [*rank, f"data.num_classes={classes}"]
    if cfg.data.num_classes != classes:
        raise ValueError(
            f"{given.file} scores {classes} classes, but data={given.data} has "
            f"{cfg.data.num_classes}; name its data set with data=NAME, or omit data="
        )
    return rank


def label_table(cfg: DictConfig, file: Path, classes: int) -> "LabelTable | None":
    """The label table of a data set that has its own; None if it does not exist yet.

    Args:
        cfg: Config of the network.
        file: The checkpoint.
        classes: Number of classes that it scores.

    Raises:
        ValueError: If the table is invalid, or has another number of classes.
    """
    from segadapt.data.label_table.choice import chosen_table, table_file

    node = cfg.data.module.val
    if "classes_file" not in node:
        return None
    choice: Any = OmegaConf.to_container(OmegaConf.create({"classes": node.classes}))
    folder = expanded(node.classes_file).parent
    source = table_file(choice["classes"], folder)
    if node.classes is None and source is not None and not source.is_file():
        return None
    table = chosen_table(choice["classes"], folder, node.first_label, node.ignored)
    if table.num_classes != classes:
        raise ValueError(
            f"{file} scores {classes} classes, but the label table {source or node.classes} has "
            f"{table.num_classes}; name the table of its classes with data.classes=FILE"
        )
    return table


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
