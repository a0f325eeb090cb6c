"""Batch norm that normalises by the images of all ranks, with what a network's own norms do after.

Lightning's conversion, which is torch's, builds a plain ``SyncBatchNorm`` from every batch norm.
timm's ``BatchNormAct2d`` (in MobileNet and EfficientNet, among others) also drops and activates, so
that several ranks would train another network than one.
"""

from collections.abc import Iterator
from typing import Final

from lightning.pytorch.plugins import LayerSync
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

PLAIN: Final = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class SharedBatchNorm(LayerSync):
    """Replaces batch norms by synchronised ones with the same parameters, names and activations.

    Norms with fixed statistics (``FrozenBatchNorm2d``) are not batch norms, and stay.
    """

    def __init__(self) -> None:
        self._replaced: list[tuple[nn.Module, str, nn.Module]] = []

    def apply(self, model: nn.Module) -> nn.Module:
        """Replace the batch norms of a network in place.

        Raises:
            ValueError: If one computes something else that a synchronised norm would lose.
        """
        from timm.layers import convert_sync_batchnorm

        norms = list(_batch_norms(model))
        synced = {norm: convert_sync_batchnorm(norm) for *_, norm in norms}
        for parent, name, norm in norms:
            parent.add_module(name, synced[norm])
        self._replaced += norms
        return model

    def revert(self, model: nn.Module) -> nn.Module:
        """Put the original norms back, with the present parameters and statistics."""
        for parent, name, norm in self._replaced:
            synced = parent.get_submodule(name)
            norm._parameters.update(synced._parameters)
            norm._buffers.update(synced._buffers)
            norm.train(synced.training)
            parent.add_module(name, norm)
        self._replaced.clear()
        return model


def _batch_norms(model: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Module]]:
    """The batch norms below a network that are not synchronised: parent, name and norm."""
    from timm.layers import BatchNormAct2d

    for path, parent in model.named_modules():
        for name, norm in parent._modules.items():
            if not isinstance(norm, _BatchNorm) or isinstance(norm, nn.SyncBatchNorm):
                continue
            if type(norm) not in (*PLAIN, BatchNormAct2d):
                raise ValueError(
                    f"trainer.sync_batchnorm=true cannot synchronise {type(norm).__name__} "
                    f"({path}.{name}), which does more than batch norm; set "
                    "trainer.sync_batchnorm=false"
                )
            yield parent, name, norm
