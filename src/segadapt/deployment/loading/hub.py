"""Bundles on the Hugging Face hub."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from segadapt.deployment.loading.bundle_files import LIMITS, read_files

PREFIX: Final = "hf:"
"""Prefix of ``owner/name`` where a folder is accepted as well."""


def fetched(repo: str, revision: str | None = None) -> Path:
    """The folder of a repository's bundle in the hub's cache; offline after the first time.

    Args:
        repo: ``owner/name``.
        revision: Branch, tag or commit; None: the default branch.

    Raises:
        ValueError: If there is no such repository, or the hub does not answer and the cache does
            not have it.
    """
    from huggingface_hub import snapshot_download

    absent = f"hf:{repo} is not in the cache, and the hub does not answer; try again with a network"
    with _explained(repo, absent):
        return Path(snapshot_download(repo, revision=revision, allow_patterns=list(LIMITS)))


def push(bundle: Path, repo: str, private: bool = False) -> str:
    """Upload a bundle; the repository is created if it is missing.

    Args:
        bundle: Folder or zip archive; looked at first.
        repo: ``owner/name``.
        private: Whether a new repository is private.

    Returns:
        The address of the commit.

    Raises:
        ValueError: If the bundle has changed, or the hub refuses.
    """
    from huggingface_hub import HfApi

    contents = read_files(bundle, with_digests=True)
    offline = f"HF_HUB_OFFLINE is set, but an upload to hf:{repo} needs the network; unset it"
    with tempfile.TemporaryDirectory() as folder, _explained(repo, offline):
        for name, content in contents.items():
            (Path(folder) / name).write_bytes(content)
        hub = HfApi()
        hub.create_repo(repo, private=private, exist_ok=True)
        commit = hub.upload_folder(
            repo_id=repo, folder_path=folder, commit_message="Bundle of segadapt"
        )
    return str(commit.commit_url)


@contextmanager
def _explained(repo: str, offline: str) -> Iterator[None]:
    """Errors of the hub as one sentence.

    Args:
        repo: ``owner/name``.
        offline: The sentence if the network may not be used, or only the cache was left.
    """
    from httpx import TransportError  # comes with huggingface_hub
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        LocalTokenNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if repo.count("/") != 1:
        raise ValueError(f"{repo!r} is not a repository's name; write owner/name")
    try:
        yield
    except TransportError as error:
        raise ValueError(
            f"the hub cannot be reached for hf:{repo} ({error}); check the network and try again"
        ) from error
    except GatedRepoError as error:
        raise ValueError(f"hf:{repo} is gated; ask for access on its page, then log in") from error
    except RepositoryNotFoundError as error:
        raise ValueError(
            f"hf:{repo} does not exist, or is private; check the name, or run `hf auth login`"
        ) from error
    except RevisionNotFoundError as error:
        raise ValueError(f"hf:{repo} has no such revision; see its page for branches") from error
    except LocalTokenNotFoundError as error:
        raise ValueError("no login to the hub; run `hf auth login` or set HF_TOKEN") from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise ValueError(offline) from error
    except HFValidationError as error:
        raise ValueError(f"{repo!r} is not a repository's name; write owner/name") from error
    except HfHubHTTPError as error:
        raise ValueError(f"the hub refuses hf:{repo}: {str(error).splitlines()[0]}") from error
