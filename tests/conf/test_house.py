"""The shape of the source: short files and functions, and names that stay gone."""

import ast
from collections import Counter
from pathlib import Path

import pytest

import segadapt

SOURCE = Path(segadapt.__file__).parent
MOST_LINES, MOST_OF_A_FUNCTION = 250, 40

RENAMED = {
    "analysis/cost/timing.py": "Reading",
    "analysis/comparison/comparison.py": "Row",
    "analysis/comparison/compare_runs.py": "report",
    "analysis/figures/activation.py": "Student",
    "analysis/figures/draw.py": "Amount draw",
    "analysis/figures/image_prototypes.py": "Look look looks",
    "analysis/figures/optional_packages.py": "there absence needed",
    "analysis/figures/score_space.py": "Space",
    "analysis/figures/selection.py": "Training",
    "classifiers/parts/arguments.py": "choose",
    "cli/option_help.py": "offered",
    "cli/override_errors.py": "mistake",
    "cli/scaled_experiments.py": "scaled",
    "data/cached_features.py": "CachedSet",
    "data/checks/inspection.py": "Look look looks",
    "data/checks/quick_check.py": "fingerprint",
    "data/dataset.py": "Labelled",
    "data/drawing.py": "Row",
    "data/sampling.py": "StepStream Shard counted",
    "data/transforms/region.py": "Window",
    "evaluation/cache_features.py": "Part",
    "evaluation/dataset_pass.py": "Examined examine",
    "evaluation/detailed_evaluator.py": "Examiner Findings",
    "evaluation/evaluator.py": "Evaluated",
    "evaluation/inference/methods.py": "everything best best_and_confidence",
    "evaluation/inference/settings.py": "described named check_views takes_labels",
    "evaluation/inference/strips.py": "collect",
    "evaluation/inference/views.py": "scanned slid",
    "evaluation/inference/windows.py": "Row pasted",
    "evaluation/metrics/branch_metrics.py": "BranchFindings Reading",
    "evaluation/metrics/confusion_matrix.py": "class_counts",
    "evaluation/metrics/costly_confusions.py": "Pair",
    "evaluation/trained.py": "read_weights",
    "functional/prototypes.py": "class_counts",
    "losses/parts/label_counts.py": "class_counts",
    "models/pretrained/weight_files.py": "read_weights",
    "runs/config.py": "at moved fingerprint",
    "runs/errors.py": "sentence keep kept forget",
    "runs/folder.py": "note complete",
    "runs/overrides.py": "typed",
    "runs/sweeps/execution.py": "telling tell say run",
    "runs/sweeps/folder.py": "Row",
    "runs/sweeps/trial.py": "Standing standing",
    "structures.py": "need",
    "training/callbacks/preemption.py": "Ballot",
    "training/callbacks/progress.py": "Glimpse",
    "training/callbacks/rank_agreement.py": "Agreement",
    "training/library_warnings.py": "be_quiet",
    "training/loggers/background_calls.py": "Outbox",
}
"""Names of before that said less than today's, by the file that had them."""

EMPTY_WORDS = {"found", "there", "said", "odd", "one", "about"}
"""Variables that do not say what they hold."""

ROOMS = ("classifiers", "losses", "training", "evaluation", "runs")


def _sources() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _lines(node: ast.FunctionDef) -> int:
    """Lines of a function, its docstring excepted."""
    first = node.body[0]
    has_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    text = first.end_lineno - first.lineno + 1 if has_text else 0
    return node.end_lineno - node.lineno + 1 - text


def _is_kernel(node: ast.FunctionDef) -> bool:
    """Whether Triton compiles it; what a block of threads keeps in registers is one function."""
    return any("jit" in ast.unparse(decorator) for decorator in node.decorator_list)


def _bound(tree: ast.Module) -> Counter[str]:
    """Names that anything is assigned to, and those of arguments."""
    stored = [
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    return Counter([*stored, *(node.arg for node in ast.walk(tree) if isinstance(node, ast.arg))])


def test_no_file_is_longer_than_250_lines():
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in _sources()}
    assert {str(path): n for path, n in lengths.items() if n > MOST_LINES} == {}
    assert len(lengths) > 300


def test_no_function_is_longer_than_40_lines():
    lengths = {
        f"{path}: {node.name}": _lines(node)
        for path in _sources()
        for node in ast.walk(_parsed(path))
        if isinstance(node, ast.FunctionDef) and not _is_kernel(node)
    }
    assert {name: n for name, n in lengths.items() if n > MOST_OF_A_FUNCTION} == {}
    assert max(lengths.values()) > 30


@pytest.mark.parametrize("file", RENAMED)
def test_names_that_said_less_stay_gone(file):
    defined = {
        node.name
        for node in _parsed(SOURCE / file).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    assert defined
    assert not defined & set(RENAMED[file].split())


def test_variables_are_nouns():
    bound = {
        str(path.relative_to(SOURCE)): sorted(EMPTY_WORDS & _bound(_parsed(path)).keys())
        for path in _sources()
        if path.relative_to(SOURCE).parts[0] in ROOMS
    }
    assert {file: names for file, names in bound.items() if names} == {}
