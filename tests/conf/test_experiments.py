"""Every experiment composes, is built and means what its table says."""

import compositions
import pytest
import torch
from experiments import ABLATIONS, ABSENT, FOLDER, NAMES, chosen, composed, missing, rows
from hydra.utils import instantiate
from omegaconf import OmegaConf

from segadapt.cli.hydra_command import CONF
from segadapt.cli.scaled_experiments import scale_experiment
from segadapt.experiment import build_task

SMALL = (
    *scale_experiment(["experiment=cac_table2_a", "data=synthetic"], CONF)[1],
    "data=synthetic",
    "trainer=cpu",
)

EXPECTED = {
    "cac_table1": 44,
    "cac_table2": 8,
    "cac_table3": 7,
    "cac_table4": 8,
    "cac_table5": 11,
    "cac_table6": 6,
    "ssa_table1": 54,
    "ssa_table2": 34,
    "ssa_table3": 7,
    "ssa_table4": 7,
    "ssa_table5": 4,
    "ssa_table6": 2,
    "ssa_table7": 3,
    "ssa_table8": 3,
}
"""Rows by table: printed numbers in Tables 1 and 2 of the papers, lines elsewhere."""


def group(table):
    return [name for name in NAMES if name.startswith(f"{table}_")]


def test_every_row_of_every_table_has_a_file():
    assert {table: len(group(table)) for table in EXPECTED} == EXPECTED
    assert sum(EXPECTED.values()) == len(NAMES)


def test_only_known_options_are_missing():
    lacking = {f"{g}/{option}" for name in NAMES for g, option in missing(name).items()}
    assert lacking <= ABSENT


def test_each_node_says_its_own_row():
    for name, cfg in composed(*SMALL).items():
        check_node(name, cfg)


@pytest.mark.slow
def test_all_compose():
    for name, cfg in composed().items():
        check_node(name, cfg)
        assert cfg.data.steps == cfg.published.steps, name


def check_node(name, cfg):
    assert cfg.published.paper.lower() == name[:3]
    assert str(cfg.published.table) == name.split("_")[1].removeprefix("table")
    assert cfg.published.data == chosen(name)["data"], name
    assert cfg.published.model == chosen(name)["model"], name


def printed_ablations():
    for number in range(2, 6):
        for row in rows(f"cac_table{number}"):
            name = {"#": "method"}.get(row["exp"], row["exp"])
            yield f"cac_table{number}_{name}", row["ade20k_miou_ss"]
    for number in range(3, 9):
        names = group(f"ssa_table{number}")
        for row in rows(f"ssa_table{number}"):
            label = next(iter(row.values()))
            found = [n for n in names if ssa_label(label) == n.removeprefix(f"ssa_table{number}_")]
            assert len(found) == 1, label
            yield found[0], row["ade20k_miou_ss"]


def ssa_label(label):
    """A row's name in the file's name."""
    short = {
        "SSA (full)": "ssa",
        "SSA": "ssa",
        "Softmax_K": "classes",
        "Softmax_HW": "positions",
        "CPVT (conditional)": "conditional",
        "3": "edge3",
        "4": "edge4",
        "5": "edge5",
        "-H": "minus_h",
        "-B": "minus_b",
        "-E": "minus_e",
        "Baseline": "baseline",
    }
    name = label.removeprefix("Baseline + ").removeprefix("+ ").lower().replace(" + ", "_")
    return short.get(label, name.replace("l_", "l"))


@pytest.mark.parametrize(("name", "miou"), list(printed_ablations()))
def test_ablations_say_what_is_printed(name, miou):
    assert composed(*SMALL)[name].published.miou == float(miou)
    header = (FOLDER / f"{name}.yaml").read_text().split("defaults:")[0]
    words = header.replace("\n#  ", "").replace("\n# ", " ")
    assert f"Printed: {miou} mIoU." in words
    assert "Differs: " in header


def test_main_tables_say_what_is_printed():
    found = {}
    for name in [*group("cac_table1"), *group("ssa_table1"), *group("ssa_table2")]:
        node = OmegaConf.load(FOLDER / f"{name}.yaml").published
        found[node.paper, node.table, node.data, node.row] = node.miou
    keys = {
        "ade20k": "ade20k",
        "cocostuff164k": "coco_stuff164k",
        "cocostuff10k": "coco_stuff10k",
        "pascal_context59": "pascal_context59",
    }
    printed = {}
    for table in ("cac_table1", "ssa_table1", "ssa_table2"):
        for row in rows(table):
            head = row.get("head") or row["method"]
            variant = (row.get("variant") or row["classifier"]).lower()
            for key, data in keys.items():
                if miou := row.get(f"{key}_miou_ss"):
                    label = f"{head} {row['backbone']} {variant}"
                    printed[table[:3].upper(), int(table[-1]), data, label] = float(miou)
    assert found == printed


def terms(cfg):
    weights = instantiate(cfg.loss).weights
    return {name: weight for name, weight in weights.items() if name != "auxiliary"}


def test_cac_table_2_combines_the_terms_it_names():
    names = {"L_ce": "coarse", "L_ce_p": "student", "L_ce_y": "teacher", "L_KL": "response"}
    for row in rows("cac_table2"):
        expected = {}
        for part in row["loss"].split(" + "):
            weight, _, term = part.rpartition("*")
            expected[names[term]] = float(weight or 1)
        if row["exp"] == "a":
            expected = {"student": 1.0}  # the fixed classifier's only scores
        assert terms(composed(*SMALL)[f"cac_table2_{row['exp']}"]) == expected


def test_ssa_table_4_combines_the_terms_it_names():
    columns = {"L_g": "teacher", "L_rd": "response", "L_sd": "semantic", "L_pd": "spatial"}
    for row in rows("ssa_table4"):
        used = set(terms(composed(*SMALL)[f"ssa_table4_{ssa_label(row['method'])}"]))
        assert used & set(columns.values()) == {t for c, t in columns.items() if row[c] == "1"}


def test_cac_table_3_has_the_kl_it_names():
    sources = {"p_y (oracle)": "teacher", "p_p (estimated)": "student", "p (original)": "coarse"}
    for row in rows("cac_table3"):
        cfg = composed(*SMALL)[f"cac_table3_{row['exp']}"]
        response = cfg.loss.terms.response
        assert bool(cfg.loss.weights.response) == (row["kl_form"] != "none")
        if cfg.loss.weights.response:
            assert response.entropy == (row["entropy_weighted"] == "yes")
            assert response.class_wise == (row["class_wise"] == "yes")
            if response.entropy:
                assert response.entropy_source == sources[row["entropy_source"]]


def test_cac_table_4_has_the_scores_it_names():
    for row in rows("cac_table4"):
        cfg = composed(*SMALL)[f"cac_table4_{row['exp']}"].classifier
        if row["context_classifier"] == "none":
            assert cfg._target_.endswith("FixedClassifier")
            assert cfg.score == row["original_classifier"]
        else:
            assert (cfg.coarse_score, cfg.score) == (
                row["original_classifier"],
                row["context_classifier"],
            )
        if row["tau"]:
            assert cfg.tau == float(row["tau"])


@pytest.mark.parametrize("name", ABLATIONS)
def test_a_small_stand_in_is_built_and_learns(name):
    torch.manual_seed(0)
    cfg = composed(*SMALL)[name]
    task = build_task(cfg)
    image, mask = torch.randn(2, 3, 32, 32), torch.randint(5, (2, 32, 32))
    losses = task.objective(task.model(image, mask), mask)
    losses.total.backward()
    assert losses.total.isfinite()
    assert set(losses.terms) == set(terms(cfg))
    assert any(p.grad is not None and p.grad.any() for p in task.model.parameters())


@pytest.mark.parametrize("rival", ["dnc", "protoseg", "gmmseg"])
def test_rivals_of_ssa_table_2_are_built_and_learn(rival):
    torch.manual_seed(0)
    name = next(name for name in group("ssa_table2") if name.endswith(f"_{rival}"))
    words = scale_experiment([f"experiment={name}", "data=synthetic"], CONF)[0]
    cfg = compositions.composed(*words, "trainer=cpu", "paths.run=run")
    task = build_task(cfg)
    image, mask = torch.randn(2, 3, 32, 32), torch.randint(5, (2, 32, 32))
    prediction = task.model(image, mask)
    losses = task.objective(prediction, mask)
    task.model.classifier.update(prediction)
    losses.total.backward()
    assert set(losses.terms) == set(terms(cfg))
    assert next(task.model.generator.parameters()).grad.any()
