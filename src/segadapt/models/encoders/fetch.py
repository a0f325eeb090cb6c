"""Published weights that may be out of reach."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def explained(name: str, key: str = "model.encoder.weights") -> Iterator[None]:
    """Turn a failed download into a sentence with the ways out.

    Args:
        name: Whose weights are fetched.
        key: The setting that takes a file instead.

    Raises:
        ValueError: If the body raises an :class:`OSError`, as every failed download does.
    """
    try:
        yield
    except OSError as error:
        raise ValueError(
            f"the published weights of {name} cannot be fetched "
            f"({str(error).splitlines()[0] if str(error) else type(error).__name__}); train from "
            f"scratch with data.pretrained=false, or pass a downloaded file as {key}=FILE"
        ) from error
