"""Message and exit code of a training that ends early."""

import signal
import traceback
from pathlib import Path

from segadapt.runs.errors import (
    Interrupted,
    debugging,
    from_outside,
    interruption,
    recorded,
    user_message,
)
from segadapt.runs.file_names import ERROR
from segadapt.runs.folder import has_checkpoint, has_failed
from segadapt.runs.overrides import quoted_override
from segadapt.text.borders import print_line
from segadapt.text.invocation import command


def tell(error: BaseException, folder: Path, again_by: str | None = None) -> int:
    """Print in one sentence how a run ended early and how to resume it; return the exit code.

    Args:
        error: Error that ended it.
        folder: Its folder.
        again_by: Command that resumes it; None for the verb resume.
    """
    if debugging():
        traceback.print_exception(error)
    again = f"resume with: {again_by or command('resume') + ' ' + quoted_override('run', folder)}"
    error = interruption(error) or error
    if isinstance(error, KeyboardInterrupt):
        error = Interrupted(signal.SIGINT, None)
    if isinstance(error, Interrupted):
        print_line(f"{error}; {again}", error=True)
        return error.exit_code
    said = user_message(error)
    print_line(f"error: {said}", error=True)
    if recorded(folder) == said:
        print_line(f"traceback: {folder / ERROR}", error=True)
    if has_failed(folder) and (has_checkpoint(folder) or from_outside(error)):
        print_line(again, error=True)
    return 1
