import subprocess
import sys

import pytest
from benchmarks.harness.options import CONFIGS, Options, parse


def test_lists_are_split_and_a_shape_is_assumed():
    found = parse(["model=tiny,upernet_swin", "classifier=fixed,ssa", "repeats=12"], CONFIGS)
    assert found == Options(
        model=("tiny", "upernet_swin"),
        classifier=("fixed", "ssa"),
        repeats=12,
        size=512,
        batch=2,
        num_classes=150,
    )


def test_a_named_data_set_brings_the_shape():
    found = parse(["data=camvid", "batch=3"], CONFIGS)
    assert (found.data, found.size, found.batch, found.num_classes) == ("camvid", None, 3, None)


def test_words_with_a_dot_are_overrides():
    assert parse(["classifier.tau=10", "compile=true", "--no-sync"], CONFIGS) == Options(
        compile=True,
        no_sync=True,
        overrides=("classifier.tau=10",),
        size=512,
        batch=2,
        num_classes=150,
    )


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("model=tny", r"Unknown model 'tny'. Available: .*\btiny\b.*upernet_swin"),
        ("classifier=ssa,cca", r"Unknown classifier 'cca'. Available: .*\bfixed\b"),
        ("data=moon", r"Unknown data 'moon'"),
        ("modle=tiny", r"no option 'modle=tiny'; did you mean model=\?"),
        ("xyz=1", r"no option 'xyz=1'; it knows model, classifier"),
        ("model", r"'model' needs a value, as in model=VALUE"),
        ("model=", r"model= needs at least one name"),
        ("batch=0", r"batch must be a positive whole number, not '0'"),
        ("size=big", r"size must be a positive whole number, not 'big'"),
        ("compile=yes", r"compile must be true or false, not 'yes'"),
        ("precision=16", r"precision must be auto, 32 or bf16, not '16'"),
    ],
)
def test_mistakes_are_named(word, sentence):
    with pytest.raises(ValueError, match=sentence):
        parse([word], CONFIGS)


def test_help_imports_nothing_heavy():
    """So that it answers at once."""
    code = (
        "import sys; from pathlib import Path; from benchmarks.harness.options import parse\n"
        "try: parse(['--help'], Path())\n"
        "except SystemExit as stop: assert stop.code == 0\n"
        "heavy = {'torch', 'lightning', 'hydra', 'rich', 'timm'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("segadapt benchmark")
