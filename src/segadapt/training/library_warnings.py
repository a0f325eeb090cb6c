"""Messages of libraries that say nothing to a user of this package, switched off at their source.

Import it before the libraries.
"""

import logging
import warnings

HARMLESS = {
    # lightning 2.6 calls a function that torch 2.15 renames; its own matter.
    r".*LeafSpec.*": FutureWarning,
    # Advice to load with more processes; data.num_workers is a decision of the config.
    r".*does not have many workers.*": UserWarning,
    # We log what is due, and nothing between (data.steps below trainer.log_every_n_steps).
    r"The number of training batches .* is smaller than the logging interval.*": UserWarning,
    # What init.freeze and model.encoder.frozen exempt from training is in eval mode on purpose.
    r"Found \d+ module\(s\) in eval mode at the start of training.*": UserWarning,
    # A run whose steps are all done, and whose last validation is made up for.
    r"Total length of `(DataLoader|CombinedLoader)` across ranks is zero.*": UserWarning,
    # torch asks for steps in an order that lightning keeps, but cannot see after a resume.
    r"Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`.*": UserWarning,
    # Values of a validation come from counts that are joined already.
    r"It is recommended to use `self.log\('(val/|step).*sync_dist=True.*": UserWarning,
    # The two layouts of a 1x1 convolution's weights are one and the same memory.
    r"(?s)Grad strides do not match bucket view.*grad.sizes\(\) = \[\d+, \d+, 1, 1\]": UserWarning,
}


def silence_known_warnings() -> None:
    """Switch them off."""
    for message, category in HARMLESS.items():
        warnings.filterwarnings("ignore", message, category)
    # Devices found, tips for other products, each line twice under Hydra's logging.
    for name in ("lightning.pytorch", "lightning.fabric", "lightning"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # "Redirects are currently not supported", "Guessing device ID": about launchers we do not use.
    logging.getLogger("torch.distributed").setLevel(logging.ERROR)
