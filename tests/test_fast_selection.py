"""The guard of ``make test-fast``."""

import ast
import sys

import pytest
from fast import PROCESS, SKIPPED, TESTS, Forbidden, Watch, audit, skipped

from segadapt.models.decoders.fpn import FPNDecoder
from segadapt.models.encoder_decoder import EncoderDecoder
from segadapt.models.encoders.tiny import TinyEncoder


def test_what_is_skipped_exists():
    for folder, names in SKIPPED.items():
        for name in names.split():
            assert list((TESTS / folder).glob(f"test_{name}.py")), (
                f"tests/support/fast.py lists {folder}/test_{name}.py, which does not exist"
            )


def test_modules_are_skipped_by_name_and_by_folder():
    assert skipped(TESTS / "cli" / "test_bad_input.py")
    assert skipped(TESTS / "models" / "test_anything.py")
    assert not skipped(TESTS / "cli" / "test_key_table.py")
    assert not skipped(TESTS / "models" / "conftest.py")


@pytest.mark.parametrize("event", PROCESS)
def test_processes_are_refused_and_noted(event):
    watch = Watch()
    with watch.watching(), pytest.raises(Forbidden, match="starts a process: list its module"):
        audit(event, ())
    assert watch.faults == ["this test starts a process"]


def test_a_network_may_be_built_once():
    watch, networks = Watch(), [EncoderDecoder(TinyEncoder(), FPNDecoder) for _ in range(2)]
    watch.see(networks[0])
    watch.see(EncoderDecoder(TinyEncoder(channels=[8, 16, 32]), FPNDecoder))
    with pytest.raises(Forbidden, match="builds a EncoderDecoder that was built before"):
        watch.see(networks[1])


@pytest.mark.parametrize("name", ["conftest.py", "support/fast.py"])
def test_the_process_that_distributes_the_tests_imports_no_library(name):
    heads = [
        module
        for statement in ast.parse((TESTS / name).read_text()).body
        for module in imported(statement)
    ]
    assert {head.split(".")[0] for head in heads} <= {*sys.stdlib_module_names, "pytest", "fast"}


def imported(statement):
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    return [statement.module] if isinstance(statement, ast.ImportFrom) else []
