"""SLURM's launcher on machines without SLURM."""

import pytest
from omegaconf import OmegaConf

from segadapt.runs.sweeps.cluster import check_cluster

SLURM = "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher"


def launcher(target):
    return OmegaConf.create({"_target_": target})


@pytest.mark.parametrize(
    ("programs", "said"),
    [((), "needs srun and sbatch, which this"), (("srun",), "needs sbatch, which this")],
)
def test_what_is_missing_is_named_with_the_way_out(tmp_path, monkeypatch, programs, said):
    with_programs(tmp_path, monkeypatch, programs)
    with pytest.raises(ValueError, match=f"sweep=slurm .*{said} .*login node"):
        check_cluster(launcher(SLURM))


def test_a_cluster_and_other_launchers_pass(tmp_path, monkeypatch):
    with_programs(tmp_path, monkeypatch, ())
    check_cluster(launcher("hydra._internal.core_plugins.basic_launcher.BasicLauncher"))
    check_cluster(launcher(SLURM.replace("Slurm", "Local")))
    with_programs(tmp_path, monkeypatch, ("srun", "sbatch"))
    check_cluster(launcher(SLURM))


def with_programs(folder, monkeypatch, names):
    """Let these be all the programs that there are."""
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
