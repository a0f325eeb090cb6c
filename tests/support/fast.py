"""``make test-fast``: the test modules that it skips, and the guard that keeps the others fast."""

import functools
import importlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

TESTS: Final = Path(__file__).parents[1]

SKIPPED: Final = {
    "": "fast_selection locks public_names segmentor",
    "analysis/comparison": "comparing_figures comparison factors_and_gains",
    "analysis/cost": "parameters",
    "analysis/figures": "activation embedding explained_marks spaces",
    "classifiers": "compile",
    "cli": "bad_input compare doctor figures_command hostile_set light_imports main option_help "
    "scaled_experiments shell",
    "conf": "conf confounds experiments house loss_conf recipes undefined_names",
    "data": "class_count data_module packing raster_data raster_training workers",
    "data/checks": "check matrix quick_check",
    "data/datasets": "published_sets",
    "data/label_table": "table_files",
    "data/files": "bad_files raster_windows",
    "data/imports": "importing",
    "data/prepare": "prepare_command",
    "data/transforms": "recipe transforms",
    "deployment/demo": "demo_answers demo_page demo_reading demo_script",
    "deployment/export": "*",
    "deployment/initialization": "*",
    "deployment/inputs": "validation_images",
    "deployment/loading": "*",
    "deployment/prediction": "*",
    "deployment/prediction_files": "predict_files prediction_folder raster_files submission videos",
    "deployment/sharing": "*",
    "docs": "commands examples predict_page",
    "evaluation": "cache_features detailed_evaluator device evaluation_command evaluator trained",
    "evaluation/inference": "methods strips",
    "evaluation/report": "page report_plots",
    "functional": "picking sinkhorn",
    "harness": "adapter_flops compiled_page flops gpu_benchmark kept laboratory load "
    "loss_speed models_page options printed_flops processes steps",
    "losses": "fused unlabelled",
    "models": "*",
    "models/conversion": "*",
    "models/decoders": "heads layout",
    "models/encoders": "*",
    "models/pretrained": "colors",
    "notebooks": "notebooks",
    "runs": "checkpoint earlier_versions environment foreign foreign_checkpoints interruptions "
    "launch mishaps new_folder resume run_reader run_table signals",
    "runs/settings": "agreement settings",
    "runs/sweeps": "launchers search sweep",
    "training": "checks compiled ddp gradient_check many_classes_trained precision rehearsal "
    "shared_batch_norm windowed_ranks",
    "training/callbacks": "checkpoints class_balance compilation panels progress summary "
    "throughput",
    "training/loggers": "wandb_tracker",
}
"""Modules by folder whose tests start processes, build networks or need a second each."""

NETWORKS: Final = {
    "encoder_decoder": "EncoderDecoder",
    "smp": "SmpGenerator",
    "dpt": "DPTGenerator",
    "encoders.timm": "TimmEncoder",
    "encoders.smp": "SmpEncoder",
    "encoders.plain_vit": "PlainTransformer",
    "encoders.vit_adapter": "ViTAdapter",
    "encoders.seaformer": "SeaFormer",
}
"""Classes that count as building a network, by module of ``segadapt.models``."""

PROCESS: Final = ("os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen")
"""Audit events of starting a process."""

SECONDS: Final = 3.0
"""Processor time that a test may take."""

REMEDY: Final = "list its module in tests/support/fast.py, or do without"


class Forbidden(RuntimeError):
    """A test of the fast selection does what it must not."""


class Watch:
    """Detects actions forbidden in fast tests; called by hooks that stay for the process."""

    active: "Watch | None" = None

    def __init__(self) -> None:
        self.built: set[tuple[Any, ...]] = set()
        self.faults: list[str] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """A context that refuses new processes, and networks that were built before."""
        self.faults.clear()
        before, Watch.active = Watch.active, self
        try:
            yield
        finally:
            Watch.active = before

    def refuse(self, fault: str) -> None:
        """Note a fault, in case that the code under test catches the error, and raise."""
        self.faults.append(fault)
        raise Forbidden(f"{fault}: {REMEDY}")

    def see(self, network: Any) -> None:
        """A network was built."""
        key = (type(network), *(tuple(p.shape) for p in network.parameters()))
        if key in self.built:
            self.refuse(f"this test builds a {type(network).__name__} that was built before")
        self.built.add(key)


def install() -> None:
    """Put the hooks in place; without an active watch they do nothing."""
    sys.addaudithook(audit)
    for module, name in NETWORKS.items():
        network = getattr(importlib.import_module(f"segadapt.models.{module}"), name)
        network.__init__ = _seen(network.__init__)


def audit(event: str, _: tuple[Any, ...]) -> None:
    """Python calls it before it does anything that others may want to know of."""
    if event in PROCESS and Watch.active is not None:
        Watch.active.refuse("this test starts a process")


def _seen(build: Any) -> Any:
    @functools.wraps(build)
    def init(self: Any, *arguments: Any, **options: Any) -> None:
        build(self, *arguments, **options)
        if Watch.active is not None:
            Watch.active.see(self)

    return init


def skipped(path: Path) -> bool:
    """Whether a test module is not in the fast selection."""
    if not path.name.startswith("test_") or not path.is_relative_to(TESTS):
        return False
    folder = path.parent.relative_to(TESTS).as_posix().removeprefix(".")
    names = SKIPPED.get(folder, "").split()
    return path.stem.removeprefix("test_") in names or names == ["*"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="run the fast selection, guarded")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if config.getoption("--fast") and skipped(collection_path) else None


@pytest.fixture(scope="session")
def fast_watch() -> Watch:
    """One for all tests, so that it knows which networks there have been."""
    return Watch()


@pytest.fixture(autouse=True)
def _fast(request: pytest.FixtureRequest) -> Iterator[None]:
    if not request.config.getoption("--fast"):
        yield
        return
    watch: Watch = request.getfixturevalue("fast_watch")
    begun = time.process_time()
    with watch.watching():
        yield
    assert not watch.faults, f"{watch.faults[0]}: {REMEDY}"
    taken = time.process_time() - begun
    assert taken < SECONDS, f"this test takes {taken:.1f} s of processor time: {REMEDY}"
