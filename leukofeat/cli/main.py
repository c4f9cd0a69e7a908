"""The command line itself: what was typed is understood and run, and what happens to errors."""

import argparse
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from leukofeat.cli.commands import CAUTION, COMMANDS
from leukofeat.cli.document import Document, documenting
from leukofeat.cli.messages import UsageError, announced_compilation, plain_text, plain_warnings, sparing_bars, tell
from leukofeat.cli.parsing import build, short_help, unknown_command
from leukofeat.failures import WorkerError

__all__ = ["CAUTION", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        What was typed behind `leukofeat`; by default that of this process.

    Returns
    -------
    int
        The exit code, as `leukofeat --help` explains it.

    Examples
    --------
    >>> main(["extract", "no_such_folder", "-o", "features.csv"])  # and a word on standard error
    1
    """
    if argv is None and isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        # a name that the encoding of a pipe does not have, as on Windows, ends no command
        sys.stdout.reconfigure(errors="backslashreplace")
    typed = list(sys.argv[1:] if argv is None else argv)
    before = typed[: typed.index("--")] if "--" in typed else typed
    command = next((word for word in typed if not word.startswith("-")), None)
    with documenting(Document(command, as_json="--json" in before)) as document:
        try:
            code = _answered(typed, document)
            document.write(code)
            if sys.stdout is not None:
                sys.stdout.flush()
            return code
        except BrokenPipeError:  # whoever read the output has seen enough
            _close_quietly()
            return 1
        except OSError as error:  # what was done could not be told: the disk that standard output goes to is full
            _close_quietly()
            tell(f"standard output: {error.strerror or error}.")
            return 1


def _answered(typed: Sequence[str], document: Document) -> int:
    """Exit code of a command; what ended it early stands in the document."""
    arguments = argparse.Namespace(run=main)
    try:
        arguments = _parsed(typed, document)
        document.quiet = arguments.quiet
        with plain_warnings(), announced_compilation(), sparing_bars(), _for_people(document):
            return int(arguments.run(arguments))
    except BrokenPipeError:
        raise
    except SystemExit as ended:  # of the parser: wrong usage, or something that was asked for and is printed
        if ended.code or document.figures:
            document.write(2 if ended.code else 0)
        raise
    except (OSError, ValueError, TypeError, ImportError, MemoryError, WorkerError) as error:
        document.error = plain_text(" ".join([str(error) or type(error).__name__, *getattr(error, "__notes__", ())]))
        tell(document.error)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        going_on = " What was measured is kept: the same command goes on there." if keeps(arguments) else ""
        document.error = f"interrupted.{going_on}"
        tell(document.error)
        return 130
    except Exception as error:  # a mistake of ours, which the traceback will show
        document.error = plain_text(f"{type(error).__name__}: {error}")
        document.write(1)
        raise


def _parsed(typed: Sequence[str], document: Document) -> argparse.Namespace:
    if not typed or typed == ["--json"]:
        print(short_help(), file=sys.stderr)
        document.error = "no command; `leukofeat --help` lists them"
        raise SystemExit(2)
    name = document.command
    parser, commands = build(typed, [name] if name in COMMANDS else [])
    if name is not None and typed[0] == name and name not in COMMANDS:
        parser.error(unknown_command(name))
    arguments, unknown = parser.parse_known_args(typed)
    if unknown:
        commands.get(name or "", parser).error(f"unrecognized arguments: {' '.join(unknown)}")
    return arguments


@contextmanager
def _for_people(document: Document) -> Iterator[None]:
    """What is printed for people stays out of the way of the document: on standard error, or with --quiet nowhere.

    A stream that whoever started the process has closed is one that nobody reads.
    """
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        errors = sys.stderr or nowhere
        beside = nowhere if document.quiet else errors
        with redirect_stderr(errors), redirect_stdout(beside if document.as_json else sys.stdout or nowhere):
            yield


def _close_quietly() -> None:
    """Nothing more is written where nobody reads, also not by Python itself at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except AttributeError:  # closed by whoever started the process
            continue
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def keeps(arguments: argparse.Namespace) -> bool:
    """Whether a command keeps what it measures: it was told where, or has results to keep it among."""
    return getattr(arguments, "memory", None) is not None or arguments.run.__module__.endswith(
        (".benchmark", ".compare", ".extract")
    )


if __name__ == "__main__":
    sys.exit(main())
