"""Static scripts for shells, from what the parsers know: commands, options, and what may stand behind them."""

import argparse
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from leukofeat.baselines.registry import BASELINES
from leukofeat.cli.commands import COMMANDS
from leukofeat.cli.parsing import build
from leukofeat.datasets import list_datasets

FILES, FOLDERS, NOTHING = "files", "folders", "nothing"  # what the shell itself is asked for
_FOLDERS = {"FOLDER", "RESULTS", "MASKS"}


@dataclass(frozen=True)
class Value:
    """What may stand at a place: words, and files or folders beside them."""

    words: tuple[str, ...] = ()
    paths: str = NOTHING


@dataclass(frozen=True)
class Option:
    """An option in all its spellings; `value` is None where it takes none."""

    spellings: tuple[str, ...]
    help: str
    value: Value | None
    optional: bool = False


@dataclass(frozen=True)
class Words:
    """Options of a command, and what its arguments may be."""

    options: tuple[Option, ...]
    arguments: tuple[Value, ...]


def words_of_all() -> dict[str, Words]:
    """Of each command, what can be completed."""
    _, parsers = build(commands=COMMANDS)
    return {name: _words_of(parser) for name, parser in parsers.items()}


def _words_of(parser: argparse.ArgumentParser) -> Words:
    shown = [action for action in parser._actions if action.help != argparse.SUPPRESS]
    options = tuple(
        Option(
            tuple(action.option_strings),
            _first_words(action.help or ""),
            None if action.nargs == 0 else _value_of(action),
            action.nargs == "?",
        )
        for action in shown
        if action.option_strings
    )
    return Words(options, tuple(_value_of(action) for action in shown if not action.option_strings))


def _value_of(action: argparse.Action) -> Value:
    if action.choices is not None:
        return Value(tuple(map(str, action.choices)))
    if action.dest in ("baseline", "pipeline"):
        return Value(tuple(BASELINES), FILES if action.dest == "pipeline" else NOTHING)
    if action.dest == "name":
        return Value(tuple(list_datasets()))
    if action.metavar in _FOLDERS:
        return Value(paths=FOLDERS)
    named = isinstance(action.metavar, str) and any(
        word in action.metavar for word in ("FILE", "MODEL", "FIELD", "IMAGE")
    )
    return Value(paths=FILES if named or action.dest == "output" else NOTHING)


def _first_words(told: str) -> str:
    """The beginning of a help text, in which nothing means something to a shell."""
    text = told.replace("%%", "%").partition(";")[0].partition(":")[0].partition("(")[0]
    kept = "".join(letter for letter in text if letter.isalnum() or letter in " ,.-/")
    return kept.strip() if len(kept) <= 70 else f"{kept[:67].rsplit(' ', 1)[0]} ..."


def bash(commands: Mapping[str, Words]) -> str:
    """Script for bash 3.2 or later."""
    cases = []
    for name, words in commands.items():
        cases.append(f"        {name})")
        cases.append(f"            options={_quoted(_spellings(words))}")
        if words.arguments:
            cases.append(f"            {_bash_value(_any_of(words.arguments))}")
        cases.append('            case "$previous" in')
        cases += [
            f"                {'|'.join(option.spellings)}) {_bash_value(option.value)}; behind=1;;"
            for option in words.options
            if option.value is not None and not option.optional
        ]
        cases += ["            esac;;"]
    return "\n".join(
        [
            "# bash completion for leukofeat; printed by `leukofeat completion bash`",
            "_leukofeat() {",
            '    local current="${COMP_WORDS[COMP_CWORD]}" previous="" command="" word i',
            '    local options="" words="" paths="" behind=""',
            "    COMPREPLY=()",
            '    [ "$COMP_CWORD" -gt 0 ] && previous="${COMP_WORDS[COMP_CWORD-1]}"',
            "    for ((i = 1; i < COMP_CWORD; i++)); do",
            '        case "${COMP_WORDS[i]}" in -*) ;; *) command="${COMP_WORDS[i]}"; break;; esac',
            "    done",
            '    case "$command" in',
            f'        "") options={_quoted(("--help", "--version"))}; words={_quoted(commands)};;',
            *cases,
            "    esac",
            '    if [ -z "$behind" ] && [ "${current:0:1}" = - ]; then words="$options"; paths=""; fi',
            "    local IFS=$'\\n'",
            '    COMPREPLY=($(IFS=" "; compgen -W "$words" -- "$current"))',
            '    case "$paths" in',
            '        files) COMPREPLY+=($(compgen -f -- "$current")); compopt -o filenames 2>/dev/null;;',
            '        folders) COMPREPLY+=($(compgen -d -- "$current")); compopt -o filenames 2>/dev/null;;',
            "    esac",
            "    return 0",
            "}",
            "complete -F _leukofeat leukofeat",
            "",
        ]
    )


def _any_of(values: Sequence[Value]) -> Value:
    """What may stand at one of several places; a file may where a folder may."""
    paths = {value.paths for value in values} - {NOTHING}
    return Value(
        tuple(word for value in values for word in value.words),
        FILES if FILES in paths else FOLDERS if paths else NOTHING,
    )


def _bash_value(value: Value) -> str:
    paths = "" if value.paths == NOTHING else value.paths
    return f"words={_quoted(value.words)}; paths={shlex.quote(paths)}"


def _spellings(words: Words) -> list[str]:
    return [spelling for option in words.options for spelling in option.spellings]


def _quoted(words: Sequence[str] | Mapping[str, object]) -> str:
    return shlex.quote(" ".join(words))


def zsh(commands: Mapping[str, Words]) -> str:
    """Script for zsh, to be sourced or to lie in the `fpath`."""
    listed = [f"        {shlex.quote(f'{name}:{COMMANDS[name]}')}" for name in commands]
    cases = []
    for name, words in commands.items():
        cases += [f"        {name})", "            _arguments -s \\"]
        cases += [f"                {spec} \\" for option in words.options for spec in _zsh_option(option)]
        cases += [f"                {shlex.quote(f':argument{_zsh_value(value)}')} \\" for value in words.arguments]
        cases[-1] = f"{cases[-1][:-2]};;"
    return "\n".join(
        [
            "#compdef leukofeat",
            "# zsh completion for leukofeat; printed by `leukofeat completion zsh`",
            "_leukofeat() {",
            "    local curcontext=$curcontext state line",
            "    typeset -A opt_args",
            "    _arguments -C '(- *)'{-h,--help}'[help]' '(- *)--version[the version]' '1: :->command' '*:: :->rest' && return",
            "    case $state in",
            "    command)",
            "        local -a commands",
            "        commands=(",
            *listed,
            "        )",
            "        _describe -t commands command commands;;",
            "    rest)",
            "        case $line[1] in",
            *cases,
            "        esac;;",
            "    esac",
            "}",
            'if [ "$funcstack[1]" = "_leukofeat" ]; then _leukofeat "$@"; else compdef _leukofeat leukofeat; fi',
            "",
        ]
    )


def _zsh_option(option: Option) -> list[str]:
    value = "" if option.value is None else f"{':' * (1 + option.optional)}value{_zsh_value(option.value)}"
    return [shlex.quote(f"*{spelling}[{option.help}]{value}") for spelling in option.spellings]


def _zsh_value(value: Value) -> str:
    words = f"({' '.join(value.words)})"
    if value.paths == NOTHING:
        return f":{words if value.words else ' '}"
    files = "_files -/" if value.paths == FOLDERS else "_files"
    return f":{files}" if not value.words else f":{{compadd -- {' '.join(value.words)}; {files}}}"


def fish(commands: Mapping[str, Words]) -> str:
    """Script for fish."""
    none = "not __fish_seen_subcommand_from " + " ".join(commands)
    lines = [
        "# fish completion for leukofeat; printed by `leukofeat completion fish`",
        "complete -c leukofeat -f",
        f"complete -c leukofeat -n {_fish(none)} -l help -s h -d help",
        f"complete -c leukofeat -n {_fish(none)} -l version -d 'the version'",
    ]
    lines += [f"complete -c leukofeat -n {_fish(none)} -a {name} -d {_fish(COMMANDS[name])}" for name in commands]
    for name, words in commands.items():
        start = f"complete -c leukofeat -n {_fish(f'__fish_seen_subcommand_from {name}')}"
        lines += [f"{start}{_fish_option(option)}" for option in words.options]
        lines += [f"{start}{_fish_value(value)}" for value in words.arguments if value != Value()]
    return "\n".join([*lines, ""])


def _fish_option(option: Option) -> str:
    names = [f" -l {one[2:]}" if one.startswith("--") else f" -s {one[1:]}" for one in option.spellings]
    value = "" if option.value is None or option.optional else f" -r{_fish_value(option.value)}"
    return f"{''.join(names)}{value} -d {_fish(option.help)}"


def _fish_value(value: Value) -> str:
    words = [*value.words] + (["(__fish_complete_directories)"] if value.paths == FOLDERS else [])
    files = " -F" if value.paths == FILES else " -f"
    return files + (f" -a {_fish(' '.join(words))}" if words else "")


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


SHELLS: dict[str, Callable[[Mapping[str, Words]], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
