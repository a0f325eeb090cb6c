"""Differences between our experiments and the printed rows, one sentence each."""

from collections.abc import Iterator, Mapping
from typing import Final

from scripts.papers.printed import Experiment, rows

BASELINES: Final[Mapping[str, str]] = {
    "UperNet Swin-Tiny": "The printed number is the Swin authors' (mmsegmentation: 44.41).",
    "UperNet Swin-Base": "The printed number equals that of the Swin authors for crops of 640 x "
    "640, not 512.",
    "UperNet Swin-Large": "The printed number is within 0.05 of that of the Swin authors for "
    "crops of 640 x 640, not 512.",
    "FCN MobileNet-V2": "The printed number is that of mmsegmentation's model zoo, apparently not "
    "trained together with CAC. It is unusually low, so expect a smaller gain over a baseline "
    "trained here.",
}
"""Peculiarities of CAC's baselines on ADE20K; see baseline_provenance.csv."""


def differences(experiment: Experiment) -> Iterator[str]:
    """All sentences."""
    if experiment.paper == "CAC":
        yield from _cac(experiment)
    else:
        yield from _ssa(experiment)


def _cac(experiment: Experiment) -> Iterator[str]:
    """Sentences for a row of CAC."""
    if experiment.data != "ade20k":
        yield (
            "The release has no configuration for this data set; the number of steps is unknown, "
            "so ADE20K's is used."
        )
    elif experiment.variant == "baseline":
        yield BASELINES.get(
            experiment.network,
            "The printed number is that of mmsegmentation's model zoo, apparently not trained "
            "together with CAC.",
        )
    else:
        if not experiment.recipe("cac"):
            yield (
                "The release has no configuration for this network with CAC; the recipe is the "
                "baseline's."
            )
        yield (
            "As released, half of the KL target is the label, and the teacher pools the images of "
            "one GPU."
        )
        yield from _readme(experiment)


def _ssa(experiment: Experiment) -> Iterator[str]:
    """Sentences for a row of SSA."""
    recipe, variant = experiment.recipe(experiment.variant, "baseline"), experiment.variant
    if variant == "cac" and experiment.model == "ocrnet_hrnet48":
        yield "The printed number is that of the CAC paper (45.68)."
    elif variant == "cac":
        yield ("No release has CAC for this network; it uses CAC's head and the baseline's recipe.")
    elif variant not in ("baseline", "ssa"):
        yield (
            "The printed number comes from the method's authors or from a run that is not "
            "described; SSA's repositories do not contain it."
        )
    if not recipe:
        head = ", and SSA's head is the same as for other networks" if variant == "ssa" else ""
        yield f"The release has no configuration for this network; mmsegmentation's is used{head}."
    elif "non-existing" in recipe["note"] and variant == "ssa":
        yield "The released configuration names a missing base file; the baseline's is used."
    elif "ViTAdapter" in recipe["note"]:
        yield "The release lacks the backbone's code. Images are tested with sliding windows."
    if experiment.data == "ade20k":
        yield "The released test pipeline resizes to multiples of 32, unlike mmsegmentation's."
    elif experiment.data == "coco_stuff10k":
        yield "The paper counts 172 classes, one of them unlabelled; the release has 171."
    yield from _source(experiment)


def _source(experiment: Experiment) -> Iterator[str]:
    """Sentences about the source of a number of SSA."""
    if experiment.variant == "baseline" and experiment.data == "ade20k":
        paper = "SSA" if experiment.table == 1 else "SSA T2"
        for zoo in rows("baseline_provenance"):
            same = (zoo["paper"], zoo["head"], zoo["backbone"]) == (
                *(paper, experiment.head, experiment.printed["backbone"]),
            )
            if same and _agree(zoo["mmseg_zoo_ss"], experiment.miou):
                yield "The printed number is that of mmsegmentation's model zoo."
    if experiment.variant == "ssa":
        yield (
            "Weights, boundary width, scores and coarse supervision are as released, not as in the "
            "paper's text."
        )
        yield from _readme(experiment) if experiment.table == 1 else ()


def _readme(experiment: Experiment) -> Iterator[str]:
    """The number in the README of the release, if it differs."""
    for row in rows(f"{experiment.paper.lower()}_readme"):
        place = (row.get("head") or row["method"], row["backbone"].split(" (")[0], row["dataset"])
        data = experiment.title.replace(" ", "-")
        same = place == (experiment.head, experiment.printed["backbone"], data)
        if same and not _agree(experiment.miou, row["miou_ss_readme"]):
            yield f"The release's README says {row['miou_ss_readme']}."


def _agree(number: str, rounded: str) -> bool:
    """Whether a number, rounded to the decimals of another one, equals it."""
    return f"{float(number):.{len(rounded.partition('.')[2])}f}" == rounded
