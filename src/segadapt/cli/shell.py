"""Errors and exit codes of commands: one sentence, however a command ends.

The exit code is 0 for success, 1 for an error, 2 for a command line that cannot be understood, and
128 plus the number of a signal that ended the command, as in shells.
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
from segadapt.runs.errors import Interrupted, debugging, interruption, user_message
from segadapt.text.borders import print_line, printable, spell_out

Result = TypeVar("Result")


def answer(
    act: Callable[[], Result], *known: type[Exception], interrupted: str = "interrupted"
) -> Result:
    """Run a command and return its result; an error is reported in one sentence and ends it.

    Args:
        act: The command.
        known: Errors whose text is already that sentence.
        interrupted: What to print after a signal.
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
    """End the process with a sentence, after the traceback if debugging.

    Raises:
        Interrupted: If the error followed from a signal.
        KeyboardInterrupt: If it followed from Ctrl-C.
    """
    if (stop := interruption(error)) is not None:
        raise stop from error
    if debugging():
        traceback.print_exception(error)
    sys.exit(f"error: {printable(message)}")


@contextmanager
def answering_signals(interrupted: str = "interrupted") -> Iterator[None]:
    """Handle Ctrl-C, other signals that stop a training, and a closed output (``| head``).

    Args:
        interrupted: What to print after a signal.
    """
    spell_out()
    try:
        yield
    except (KeyboardInterrupt, Interrupted) as stop:
        print(interrupted, file=sys.stderr)
        sys.exit(stop.exit_code if isinstance(stop, Interrupted) else 128 + signal.SIGINT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        sys.exit(128 + signal.SIGPIPE)
