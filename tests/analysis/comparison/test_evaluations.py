import pytest
from compositions import composed
from hydra.utils import instantiate

from segadapt.analysis.comparison.evaluations import options_of
from segadapt.evaluation.inference.settings import short_name


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("whole-last", ["inference=whole"]),
        ("slide-last", ["inference=slide"]),
        ("slide-global-best", ["inference=slide", "inference.context=global", "checkpoint=best"]),
        ("slide-gaussian-last", ["inference=slide", "inference.blend=gaussian"]),
        ("multiscale-last-test", ["inference=multiscale", "split=test"]),
        ("multiscale-windows-last", ["inference=slide_multiscale"]),
    ],
)
def test_the_options_write_the_report_that_is_missing(name, options):
    assert options_of(name) == options
    cfg = composed(*options, "+data.crop=[8,8]", name="evaluate")
    split = [cfg.split] if cfg.split != "val" else []
    assert "-".join([short_name(instantiate(cfg.inference)), cfg.checkpoint, *split]) == name


@pytest.mark.parametrize("name", ["slide-last-2", "slide-epoch7", "report", ""])
def test_other_names_do_not_tell(name):
    assert options_of(name) is None
