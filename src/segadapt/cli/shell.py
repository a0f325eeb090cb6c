"""Where a command meets the shell: one sentence and an exit code, however it ends.

0 where all went well, 1 where it did not, 2 for a command line that cannot be understood, and
128 and the signal where one ended it, as shells have it.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar

from segadapt.cli.main import USAGE_ERROR
from segadapt.cli.words import UsageError
from segadapt.runs.errors import debugging, user_message
from segadapt.text.borders import print_line, printable, spell_out

Result = TypeVar("Result")


def answer(
    act: Callable[[], Result], *known: type[Exception], interrupted: str = "interrupted"
) -> Result:
    """Run a command and return its result; errors are reported in one sentence, and end it.

    Args:
        act: The command.
        known: Errors whose own text is that sentence.
        interrupted: What to print after Ctrl-C.
    """
    with answering_signals(interrupted):
        try:
            result = act()
            sys.stdout.flush()
            return result
        except BrokenPipeError:
            raise
        except UsageError as error:
            print_line(f"error: {error}", error=True)
            sys.exit(USAGE_ERROR)
        except known as error:
            fail(error, str(error))
        except Exception as error:
            fail(error, user_message(error))


def fail(error: BaseException, message: str) -> NoReturn:
    """End with a sentence; with the traceback before it, if that is wanted."""
    if debugging():
        traceback.print_exception(error)
    sys.exit(f"error: {printable(message)}")


@contextmanager
def answering_signals(interrupted: str = "interrupted") -> Iterator[None]:
    """Answer Ctrl-C, and a reader of the output who has left (``| head``).

    Args:
        interrupted: What to print after Ctrl-C.
    """
    spell_out()
    try:
        yield
    except KeyboardInterrupt:
        print(interrupted, file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        sys.exit(128 + signal.SIGPIPE)
