"""Functions of torch replaced wherever they are called."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch.overrides import TorchFunctionMode


class Replacing(TorchFunctionMode):
    """A context in which functions of torch are replaced, also within networks of others.

    Args:
        replaced: What is called instead of each function, with the same arguments.
    """

    def __init__(self, replaced: Mapping[Any, Callable[..., Any]]) -> None:
        super().__init__()
        self.replaced = replaced

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        return self.replaced.get(func, func)(*args, **(kwargs or {}))
