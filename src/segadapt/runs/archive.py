"""Integrity check of files written by :func:`torch.save`.

Such a file is a zip archive of stored (uncompressed) records, each with a CRC-32. torch writes
these checksums, but does not compare them when it reads.
"""

import zipfile
import zlib
from typing import BinaryIO


def check_archive(file: BinaryIO) -> None:
    """Compare every record with its checksum.

    Args:
        file: Open file; its position is then at the beginning.

    Raises:
        ValueError: If it is not such an archive, or a record has changed since it was written.
    """
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            for record in archive.infolist():
                _check_stored(record)
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        # Raised by zipfile for other files, invalid headers and truncated files.
        raise ValueError(f"it is not a complete archive of torch.save ({error})") from error
    if damaged is not None:
        raise ValueError(f"the checksum of the record {damaged} does not match")
    file.seek(0)


def _check_stored(record: zipfile.ZipInfo) -> None:
    """Refuse compressed records: torch writes none, and they may unpack without limit."""
    if record.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"the record {record.filename} is compressed, which torch.save never does")
