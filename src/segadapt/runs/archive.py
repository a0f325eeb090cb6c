"""Whether a file of :func:`torch.save` still holds the bytes that were written.

It is a zip archive of stored (uncompressed) records, each with a CRC-32. torch writes these sums
but does not compare them when it reads.
"""

import zipfile
import zlib
from typing import BinaryIO


def check_archive(file: BinaryIO) -> None:
    """Compare every record with its sum.

    Args:
        file: Open file; left at its beginning.

    Raises:
        ValueError: If it is not such an archive, or a record is not what was written.
    """
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            for record in archive.infolist():
                _check_stored(record)
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        # What zipfile raises on bytes that are not an archive, on an odd header and on a cut.
        raise ValueError(f"it is not a whole archive of torch.save ({error})") from error
    if damaged is not None:
        raise ValueError(f"the record {damaged} does not have the checksum it was written with")
    file.seek(0)


def _check_stored(record: zipfile.ZipInfo) -> None:
    """Refuse what is compressed: torch compresses nothing, and it may unpack without bounds."""
    if record.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"the record {record.filename} is compressed, which torch.save never does")
