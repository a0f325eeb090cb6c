from pathlib import Path

import pytest
from unchecked import run_unchecked


@pytest.mark.slow
def test_a_compiled_step_has_the_eager_gradient():
    words = run_unchecked(Path(__file__).with_name("compiled_losses_probe.py"))
    assert words == ["ok"]
