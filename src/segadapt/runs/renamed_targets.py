"""Names that classes and functions of this version had in earlier ones, for stored configs."""

from typing import Any, Final

PACKAGE: Final = "segadapt."

MODULES: Final = {
    "callbacks.panels": "training.callbacks.panels",
    "callbacks.progress": "training.callbacks.progress",
    "callbacks.summary": "training.callbacks.summary",
    "callbacks.throughput": "training.callbacks.throughput",
    "data.ade20k": "data.datasets.ade20k",
    "data.camvid": "data.datasets.camvid",
    "data.cityscapes": "data.datasets.cityscapes",
    "data.coco_stuff": "data.datasets.coco_stuff",
    "data.digits": "data.datasets.digits",
    "data.folder": "data.datasets.folder",
    "data.pascal_context": "data.datasets.pascal_context",
    "data.synthetic": "data.datasets.synthetic",
    "data.transforms": "data.transforms.pipelines",
    "data.voc2012": "data.datasets.voc2012",
    "fresh": "runs.new_folder",
    "inference": "evaluation.inference.methods",
    "losses.assigned": "losses.prototype_assignment",
    "models.cached": "models.cached_features",
    "models.encoders.efficientformer": "models.encoders.timm_patches.efficientformer",
    "models.encoders.mobilenetv2": "models.encoders.timm_patches.mobilenetv2",
    "models.encoders.plain": "models.encoders.plain_vit",
    "optim.layers": "training.optim.layer_decay",
    "optim.optimizers": "training.optim.optimizers",
    "optim.schedules": "training.optim.schedules",
    "tracking": "training.loggers.wandb_tracker",
}
"""New modules by old ones, for classes and functions that kept their names."""

OBJECTS: Final = {
    "data.cached.Cached": "data.datasets.cached_features.CachedFeatures",
}
"""New names of classes and functions that were renamed as well."""


def renamed(target: str) -> str:
    """The current name of a class or function; unknown names are returned unchanged."""
    if not target.startswith(PACKAGE):
        return target
    old = target.removeprefix(PACKAGE)
    module, _, name = old.rpartition(".")
    return PACKAGE + OBJECTS.get(old, f"{MODULES.get(module, module)}.{name}")


def with_targets_renamed(node: Any) -> Any:
    """A config, or a part of one, with the current name in every ``_target_``."""
    match node:
        case dict():
            return {
                key: renamed(value)
                if key == "_target_" and isinstance(value, str)
                else with_targets_renamed(value)
                for key, value in node.items()
            }
        case list():
            return [with_targets_renamed(value) for value in node]
    return node
