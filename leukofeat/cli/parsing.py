"""Parsers of all commands: one way to lay out help, to suggest what was meant, and to give a deprecated spelling its new one."""

import argparse
import difflib
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any, NoReturn

from leukofeat import __version__
from leukofeat.cli.commands import CAUTION, COMMANDS, EXAMPLES, EXIT_CODES, FIRST
from leukofeat.cli.document import current
from leukofeat.cli.messages import plain_text, warn

_NARROWEST = 40  # columns; in less than that argparse's own wrapping gives up


def _width() -> int:
    return max(_NARROWEST, shutil.get_terminal_size().columns - 2)


class Help(argparse.HelpFormatter):
    """Paragraphs wrapped and examples left as they are, in a width that can be read; each default is told once."""

    def __init__(self, prog: str, **options: Any) -> None:
        width = _width()
        super().__init__(prog, **{"width": width, "max_help_position": min(24, width // 3)} | options)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(
            line
            if line.startswith(" ") or not line
            else textwrap.fill(line, width, initial_indent=indent, subsequent_indent=indent)
            for line in text.splitlines()
        )

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        value = self._format_args(action, self._get_default_metavar_for_optional(action))
        return f"{', '.join(action.option_strings)} {value}"

    def _get_help_string(self, action: argparse.Action) -> str | None:
        told = action.help or ""
        unset = action.default in (None, False, argparse.SUPPRESS) or action.default == []
        if unset or not action.option_strings or "default" in told:
            return told
        return f"{told} (default: %(default)s)"


class Parser(argparse.ArgumentParser):
    """Parser that says what was probably meant, and puts its errors into the document of --json."""

    typed: Sequence[str] = ()

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": Help} | options)

    def error(self, message: str) -> NoReturn:
        """Usage and message on standard error; ends with 2."""
        told = plain_text("; ".join([message, *self._meant()]))
        current().error = told
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: error: {told}\n")

    def _meant(self) -> list[str]:
        """For each typed option that there is not, the one that it looks like."""
        known = [
            option
            for option, action in self._option_string_actions.items()
            if option.startswith("--") and action.help != argparse.SUPPRESS
        ]
        found = []
        for token in self.typed:
            if token == "--":
                break
            name = token.partition("=")[0]
            if not name.startswith("-") or len(name) < 3 or any(option.startswith(name) for option in known):
                continue
            if not name.startswith("--"):  # one hyphen where there are two
                near = [f"-{name}"] if f"-{name}" in known else []
            else:
                near = difflib.get_close_matches(name, known, 1)
            found += [f"for {name}, did you mean {option}?" for option in near]
        return found


class Renamed(argparse.Action):
    """An old spelling, kept with a warning; `to` is the new one, whose value it sets."""

    def __init__(self, option_strings: Sequence[str], dest: str, *, to: str, **options: Any) -> None:
        super().__init__(option_strings, dest, **{"help": argparse.SUPPRESS, "default": argparse.SUPPRESS} | options)
        self.to = to

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        """Set what the new spelling sets."""
        warn(f"{option} is called {self.to} now; the old name will go.")
        setattr(namespace, self.dest, values)


def build(typed: Sequence[str] = (), commands: Iterable[str] = ()) -> tuple[Parser, dict[str, Parser]]:
    """The parser, and those of its commands; of the commands named, options and all, for that is what costs their imports."""
    parser = Parser(
        prog="leukofeat",
        description=f"Classical computer vision for leukaemia on stained blood smears. {CAUTION}",
        epilog=f"`leukofeat COMMAND --help` tells the options of a command, with examples.\n\n{EXIT_CODES}",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    choices = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    parsers = {name: _add_command(choices, name, typed, name in commands) for name in COMMANDS}
    parser.typed = typed
    return parser, parsers


def _add_command(choices: Any, name: str, typed: Sequence[str], whole: bool) -> Parser:
    purpose = COMMANDS[name]
    parser: Parser = choices.add_parser(
        name,
        help=purpose,
        description=f"{purpose[0].upper()}{purpose[1:]}. {CAUTION}",
        epilog=f"examples:\n{examples(name)}\n\n{EXIT_CODES}",
    )
    parser.typed = typed
    if whole:
        module = import_module(f"leukofeat.cli.{name}")
        module.add_options(parser)
        parser.set_defaults(run=module.run)
    _add_reporting(parser)
    return parser


def _add_reporting(parser: argparse.ArgumentParser) -> None:
    """Options of every command, of one meaning everywhere."""
    group = parser.add_argument_group("reporting")
    group.add_argument(
        "--json",
        action="store_true",
        help="standard output is one JSON document: what was written, counts, failures, figures and warnings, also after an error; "
        "what is for people goes to standard error",
    )
    group.add_argument(
        "-q", "--quiet", action="store_true", help="no progress bars, and no lines that merely tell progress"
    )


def examples(name: str) -> str:
    """Examples of a command as its help shows them: what it is for, and below that what is typed."""
    return "\n".join(f"  {line}\n      {remark}" for line, remark in EXAMPLES[name])


def short_help() -> str:
    """What is said to who typed nothing."""
    lines = [f"  {EXAMPLES[name][0][0]}\n      {COMMANDS[name]}" for name in FIRST]
    more = f"`leukofeat --help` lists all {len(COMMANDS)} commands, `leukofeat COMMAND --help` explains one. {CAUTION}"
    return "\n".join(["usage: leukofeat COMMAND ...", "", *lines, "", textwrap.fill(more, _width())])


def unknown_command(name: str) -> str:
    """What is said of a command that there is not."""
    near = difflib.get_close_matches(name, COMMANDS, 1)
    meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(COMMANDS)}"
    return f"no command {name!r}; {meant}"
