"""Contents of checkpoints, without the trainings."""

from typing import Any

import torch


def saved(step: int, **changes: Any) -> dict[str, Any]:
    """The checkpoint of a training with one weight after ``step`` steps."""
    return {
        "global_step": step,
        "state_dict": {"weight": torch.full((300,), float(step))},
        "optimizer_states": [
            {
                "state": {0: {"exp_avg": torch.full((300,), step / 2)}},
                "param_groups": [{"params": [0], "betas": (0.9, 0.999)}],
            }
        ],
        "lr_schedulers": [{"last_epoch": step}],
        "callbacks": {},
        **changes,
    }
