"""What Triton's compiler makes of the kernels, as far as that shows without a card."""

import json
import os
import subprocess
import sys

import kernel_builder
import pytest

pytestmark = pytest.mark.slow

SHARED = 48 * 1024
"""Bytes that every program gets on every card, without asking for more."""

SPILLED = 64
"""Bytes of the stack of a thread: a few registers that the assembler moved there."""


@pytest.fixture(scope="module", params=[80, 90])
def kernels(request, tmp_path_factory):
    pytest.importorskip("triton")
    command = [sys.executable, kernel_builder.__file__, str(request.param)]
    environment = {**os.environ, "TRITON_CACHE_DIR": str(tmp_path_factory.mktemp("cache"))}
    environment.pop("TRITON_INTERPRET", None)
    folder = tmp_path_factory.mktemp("kernels")
    child = subprocess.run(
        [*command, str(folder)], env=environment, capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr
    return json.loads(child.stdout)


def test_each_fits_a_multiprocessor_without_spilling(kernels):
    for kernel in kernels:
        for needs in kernel["needs"]:
            assert needs["SHARED"] <= SHARED, kernel
            assert needs["STACK"] <= SPILLED, kernel
            assert needs["LOCAL"] == 0, kernel


def test_sizes_do_not_compile_them_anew(kernels):
    """So the check at the start of a training tries the binaries that the training runs."""
    variants = {"log_normalizers": 1, "sigmoid_sums": 1, "cell_gradients": 3}
    assert len(kernels) == 3 * 2 * len(variants)
    for kernel in kernels:
        assert len(kernel["needs"]) == variants[kernel["kernel"]], kernel
