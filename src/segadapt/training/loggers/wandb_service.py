"""Parts of the wandb library that act on the whole process."""


def forget_imports(run: str) -> None:
    """Stop wandb from reporting later imports.

    The report fails in a forked process, and so would the import of a data set's library in a
    loader process.

    Args:
        run: Id of an open run.
    """
    from wandb.sdk.lib import import_hooks, telemetry

    for name in telemetry.list_telemetry_imports():
        import_hooks.unregister_post_import_hook(name, run)


def release_runs() -> bool:
    """End wandb's own process, which keeps the id of a run that could not be opened.

    A second run with this id is refused until then (seen with wandb 0.31.0).

    Returns:
        Whether that was possible: a run that the user has opened would end as well.
    """
    import wandb

    if wandb.run is not None:
        return False
    wandb.teardown()
    return True
