"""Check that all ranks train with the same config and checkpoint."""

import lightning as L
import torch
import torch.distributed as dist
from lightning.pytorch.callbacks import Callback

from segadapt.runs.config import Config, differences


class RankAgreement(Callback):
    """Compares the ranks before the first step.

    Args:
        config: The resolved config of this rank.
        checkpoint: Digest of the checkpoint that this rank resumes from, or None.
    """

    def __init__(self, config: Config, checkpoint: str | None) -> None:
        self.config, self.checkpoint = config, checkpoint

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Compare configs and checkpoints of all ranks.

        Raises:
            ValueError: On every rank, if they differ; names the difference.
        """
        if trainer.world_size == 1:
            return
        own = (self.config, self.checkpoint, torch.__version__)
        all_ranks: list = [None] * trainer.world_size
        dist.all_gather_object(all_ranks, own)
        first = all_ranks[0]
        for rank, other in enumerate(all_ranks):
            if differing := differences(first[0], other[0]):
                raise ValueError(
                    f"ranks 0 and {rank} were given different configs "
                    f"({'; '.join(differing[:5])}); "
                    "pass the same overrides to every process of a run"
                )
            if first[1:] != other[1:]:
                raise ValueError(
                    f"ranks 0 and {rank} start from different checkpoints or versions of torch "
                    f"({first[1:]}, {other[1:]}); use the same run folder and environment for all"
                )
