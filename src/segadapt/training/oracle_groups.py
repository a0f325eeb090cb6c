"""Check that a classifier sees all images whose labels its oracle pools in one batch."""


def check_groups(group: int | None, batch: int, parts: int, allowed: bool) -> str | None:
    """A note about oracle groups that are smaller than configured; None if there are none.

    Args:
        group: ``classifier.oracle_group``.
        batch: Images per optimiser step.
        parts: Number of parts into which ranks and accumulation split the batch.
        allowed: ``smaller_oracle_groups``.

    Raises:
        ValueError: If the split makes groups smaller, and that is not allowed.
    """
    images = batch // parts
    if group is None or images % group == 0:
        return None
    if images > group:
        return f"the last oracle group of every {images} images has {images % group}, not {group}"
    if parts > 1 and not allowed:
        raise ValueError(
            f"classifier.oracle_group is {group}, but the batch of {batch} is split into {parts} "
            f"parts (ranks times trainer.accumulate_grad_batches), so that the oracle would pool "
            f"{images}. Set data.batch_size={group * parts}, classifier.oracle_group={images}, or "
            "smaller_oracle_groups=true"
        )
    return f"classifier.oracle_group is {group}, but the oracle pools only {images}"
