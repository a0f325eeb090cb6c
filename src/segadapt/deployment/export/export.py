"""``segadapt export``: a trained network as one file that other programs run."""

from collections.abc import Callable
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from segadapt.deployment.export.accuracy import Accuracy, accuracy_of
from segadapt.deployment.export.form import PRECISIONS, SUFFIXES, Form, check_form
from segadapt.deployment.export.formats import check_installed
from segadapt.deployment.export.metadata import metadata_of
from segadapt.deployment.export.parity import Parity, Runner, measured
from segadapt.deployment.export.preparation import Prepared, described, prepared, trial_sizes
from segadapt.deployment.export.trial_images import (
    UNREADABLE,
    in_sizes,
    labelled_images,
    reason,
    trial_images,
)
from segadapt.deployment.loading.read import read_network
from segadapt.deployment.loading.trained_network import TrainedNetwork
from segadapt.files import replacing


class Exported(NamedTuple):
    """An exported file."""

    file: Path
    parity: Parity
    origin: str
    """Origin of the images of the comparison."""
    made: dict[str, Any]
    """Metadata about its making, such as ``quantization``."""
    accuracy: Accuracy | None = None
    """Accuracy of files not in single precision, if there are labelled images."""
    unmeasured: str | None = None
    """Reason why the accuracy is unknown."""


def export(
    source: str,
    out: Path,
    form: Form,
    checkpoint: str = "last",
    images: str | None = None,
    overwrite: bool = False,
    trust: bool = False,
    labelled: int = 100,
) -> Exported:
    """Write a file, compare it with the network, and keep it if they agree.

    Args:
        source: Run folder, or a bundle.
        out: File to write.
        form: Form of the file.
        checkpoint: ``last``, ``best`` or a file.
        images: Images of the comparison; None: the run's validation images.
        overwrite: Replace what is there.
        trust: Whether the config may build classes that are not on the allow-list.
        labelled: Validation images, at most, on which the mIoU of files that are not in single
            precision is measured.

    Raises:
        ValueError: If the network cannot be loaded, cannot be exported in this form, a file
            exists, or its output differs from that of the network.
    """
    check_form(form, out)
    if out.exists() and (out.is_dir() or not overwrite):
        raise ValueError(f"{out} exists; pass overwrite=true to replace a file, or another out=")
    if form.format == "onnx":
        check_installed()
    trained = read_network(source, checkpoint, trust)
    if not trained.data.form.is_plain:
        raise ValueError(
            "only networks for 8-bit RGB images are exported, and this one was trained on "
            f"{trained.data.form.channels} channels of depth {trained.data.form.depth}; use it "
            "with segadapt.load or segadapt predict"
        )
    trial = trial_images(trained, images, out)
    sizes = trial_sizes(trained, form)
    ready = prepared(trained, form, sizes[0], images, out)
    metadata = metadata_of(trained) | described(trained, form, sizes[0]) | ready.facts

    def compared(run: Runner) -> Exported:
        batches = in_sizes(trial.images, sizes)
        parity = measured(run, trained.network, batches, form.taken, form.output)
        _check_parity(parity, form, out)
        kept = Exported(out, parity, trial.origin, ready.facts)
        return (
            kept if form.precision == "fp32" else with_accuracy(kept, run, trained, form, labelled)
        )

    kept = _tried(ready, metadata, out, form, compared)
    with replacing(out) as file:
        file.write(ready.content(metadata | _measurements(kept)))
    return kept


def _tried(
    ready: Prepared,
    metadata: dict[str, Any],
    out: Path,
    form: Form,
    compare: Callable[[Runner], Exported],
) -> Exported:
    """Compare the temporary file with the network before it is renamed."""
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(f".{out.name}.trial{SUFFIXES[form.format]}")
    try:
        beside.write_bytes(ready.content(metadata))
        return compare(ready.runner(beside))
    finally:
        beside.unlink(missing_ok=True)


def _check_parity(parity: Parity, form: Form, out: Path) -> None:
    limits = PRECISIONS[form.precision]
    if parity.within(limits):
        return
    farthest = "" if limits.farthest is None else f"at most {limits.farthest:g} and "
    other = "format" if form.precision == "fp32" else "precision"
    raise ValueError(
        f"{out} was not kept, because its output differs from that of the network ({parity}; "
        f"{farthest}at least {100 * limits.equal:g} % are required); try another {other}="
    )


def with_accuracy(
    kept: Exported, run: Runner, trained: TrainedNetwork, form: Form, labelled: int
) -> Exported:
    """The exported file with its mIoU, or the reason why it is unknown.

    Args:
        kept: The file.
        run: Runs it.
        trained: The network.
        form: Form of the file.
        labelled: Largest number of validation images.
    """
    if labelled < 1:
        return kept._replace(unmeasured="labelled=0")
    samples = labelled_images(trained)
    try:
        first = next(samples)
    except (*UNREADABLE, StopIteration) as error:
        way_out = "" if trained.folder else "; export its run folder to measure it"
        lacking = f"no validation images: {reason(error, trained)}{way_out}"
        return kept._replace(unmeasured=lacking)
    chosen = chain([first], islice(samples, labelled - 1))
    classes = len(trained.data.classes)
    accuracy = accuracy_of(run, trained.network, chosen, classes, form.taken, form.size)
    return kept._replace(accuracy=accuracy)


def _measurements(kept: Exported) -> dict[str, Any]:
    """The part of the comparison that is stored in the file."""
    stored: dict[str, Any] = {"parity": kept.parity.stored() | {"images": kept.origin}}
    if kept.accuracy is not None:
        stored["accuracy"] = kept.accuracy.stored()
    elif kept.unmeasured is not None:
        stored["accuracy"] = {"unmeasured": kept.unmeasured}
    return stored
