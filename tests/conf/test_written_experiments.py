"""The experiments of CAC Table 1 and SSA Tables 1 and 2 follow from the papers' tables."""

import importlib

from experiments import FOLDER

write_experiments = importlib.import_module("scripts.write_experiments")
TABLES = ("cac_table1", "ssa_table1", "ssa_table2")


def test_the_files_are_those_of_the_tables():
    texts = {
        file.stem: file.read_text("utf-8")
        for file in FOLDER.glob("*.yaml")
        if file.stem.startswith(TABLES)
    }
    written = write_experiments.files()
    assert len(written) == 132
    assert texts.keys() == written.keys()
    assert [name for name in texts if texts[name] != written[name]] == [], (
        "run: python scripts/write_experiments.py"
    )


def test_a_readme_counts_as_different_only_beyond_its_rounding():
    texts = write_experiments.files()
    lines = {
        name: [line for line in text.splitlines() if "README" in line]
        for name, text in texts.items()
    }
    differing = {name for name, found in lines.items() if found}
    assert differing == {
        "cac_table1_fcn_mobilenetv2_ade20k_cac",
        "cac_table1_ocrnet_hrnet18_ade20k_cac",
        "cac_table1_upernet_swin_base_ade20k_cac",
        "cac_table1_upernet_swin_large_ade20k_cac",
        "ssa_table1_afformer_base_ade20k_ssa",
        "ssa_table1_ocrnet_hrnet48_ade20k_ssa",
        "ssa_table1_upernet_swin_tiny_pascal_context59_ssa",
    }
