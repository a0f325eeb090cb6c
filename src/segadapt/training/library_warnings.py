"""Filters for messages of libraries that are irrelevant to users of this package.

Import this module before the libraries.
"""

import logging
import warnings

HARMLESS = {
    # lightning 2.6 calls a function that torch 2.15 renames.
    r".*LeafSpec.*": FutureWarning,
    # Advice to load with more processes; data.num_workers is a decision of the config.
    r".*does not have many workers.*": UserWarning,
    # Short runs log at their end (data.steps below trainer.log_every_n_steps).
    r"The number of training batches .* is smaller than the logging interval.*": UserWarning,
    # Modules frozen by init.freeze and model.encoder.frozen are in eval mode on purpose.
    r"Found \d+ module\(s\) in eval mode at the start of training.*": UserWarning,
    # A run with all steps done that only repeats its last validation.
    r"Total length of `(DataLoader|CombinedLoader)` across ranks is zero.*": UserWarning,
    # torch cannot see after a resume that lightning keeps the order of steps.
    r"Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`.*": UserWarning,
    # Values of a validation come from counts that are already summed over ranks.
    r"It is recommended to use `self.log\('(val/|step).*sync_dist=True.*": UserWarning,
    # The two layouts of a 1x1 convolution's weights are one and the same memory.
    r"(?s)Grad strides do not match bucket view.*grad.sizes\(\) = \[\d+, \d+, 1, 1\]": UserWarning,
}


def silence_known_warnings() -> None:
    """Install the filters."""
    for message, category in HARMLESS.items():
        warnings.filterwarnings("ignore", message, category)
    # Lists of devices and tips for other products, printed twice under Hydra's logging.
    for name in ("lightning.pytorch", "lightning.fabric", "lightning"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # "Redirects are currently not supported", "Guessing device ID": about unused launchers.
    logging.getLogger("torch.distributed").setLevel(logging.ERROR)
