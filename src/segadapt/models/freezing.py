"""Freezing parts of a network."""

from torch import nn


def freeze(part: nn.Module) -> None:
    """Exempt a part from training: no gradients, no dropout, fixed statistics of batch norm.

    It stays in evaluation mode when the network around it is set to training mode.

    Args:
        part: Changed in place; the names of its parameters do not change.
    """
    part.requires_grad_(False)
    part.eval()
    part.__class__ = _frozen(type(part))


def _frozen(kind: type[nn.Module]) -> type[nn.Module]:
    """A subclass of the same name that is never set to training mode."""

    def train(self: nn.Module, mode: bool = True) -> nn.Module:
        return kind.train(self, False)

    return type(kind.__name__, (kind,), {"train": train, "__module__": kind.__module__})
