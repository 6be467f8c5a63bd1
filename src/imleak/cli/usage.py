"""What is wrong with the words of a command, in one line: what it is, what it may have been
meant for, and where the right words stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from ..files import printable
from ..interfaces import ImleakError
from ..number_words import wrong_number
from ..spelling import nearest

# Of typer or of click, whichever of the two this version of typer reads commands with.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]
_WORDS = "imleak.words"


class OneLineErrors(TyperGroup):
    """Shows an error of the user's making as one line, and ends with exit code 2."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        words = tuple(args)  # reading them empties the list
        if not extra.get("resilient_parsing"):  # of a shell that completes a word
            _refuse_empty(words)
        try:
            context = super().make_context(info_name, args, parent, **extra)
        except UsageError as error:
            _refuse_usage(error, Command(self, words))
        context.meta[_WORDS] = words
        return context

    def invoke(self, ctx: Any) -> Any:
        command = Command(self, ctx.meta[_WORDS])
        try:
            return super().invoke(ctx)
        except UsageError as error:
            _refuse_usage(error, command)
        except ImleakError as error:
            told = getattr(error, "told", None)
            _refuse(told(command.name_of) if told else str(error))


class Command:
    """The command that some words call.

    Parameters
    ----------
    group : of all commands.
    words : after ``imleak``.
    """

    def __init__(self, group: Any, words: Sequence[str]) -> None:
        self.path, self.made, self.words = "imleak", group, words
        for word in words:
            if (inner := getattr(self.made, "commands", {}).get(word)) is None:
                break
            self.path, self.made, self.words = f"{self.path} {word}", inner, self.words[1:]

    @property
    def options(self) -> dict[str, Any]:
        """Its options by how they are written."""
        every = {name: one for one in self.made.params for name in one.opts + one.secondary_opts}
        return {name: one for name, one in every.items() if name[:1] == "-"}

    def name_of(self, field: str) -> str:
        """What a field of a study is called here; empty of one that cannot be given."""
        return next((_called(one) for one in self.made.params if one.name == field), "")

    def as_given(self, option: str) -> str:
        """An option that is not known, as it stands there: ``-levels``, not ``-l``."""
        if option[:2] == "--":
            return option
        given = (word for word in self.words if word.startswith(option))
        return next(given, option).partition("=")[0]


def _refuse(why: str) -> NoReturn:
    typer.echo(f"imleak: {printable(' '.join(why.splitlines()))}", err=True)
    raise typer.Exit(2) from None


def _refuse_empty(words: Sequence[str]) -> None:
    """A path that is empty would be the working directory."""
    for before, word in pairwise(["imleak", *words]):
        if not word or re.fullmatch("--[a-z-]+=", word):
            where = word or f"the word after {before}"
            _refuse(f"{where} is empty: a variable that is not set? Leave it out, or give a value")


def _refuse_usage(error: Any, command: Command) -> NoReturn:
    if type(error).__name__ == "NoArgsIsHelpError":  # no words at all: the help is shown
        raise error
    why = in_words(error, command)
    see = " See" if why.endswith("?") else "; see"
    _refuse(f"{why}{see} {command.path} --help")


def in_words(error: Any, command: Command) -> str:
    """What is wrong with the words of a command, and what they may have been meant for.

    Parameters
    ----------
    error : one of click's.
    """
    parameter = getattr(error, "param", None)
    match type(error).__name__:
        case "NoSuchOption":
            return _no_such("option", command.as_given(error.option_name), command.options)
        case "MissingParameter" if parameter:
            written = " / ".join(parameter.opts) if parameter.opts[0][:1] == "-" else ""
            return f"missing {written or _called(parameter)}{_help(parameter)}"
        case "BadParameter" if parameter:
            return f"{_called(parameter)}: {_wrong(error)}"
        case "BadOptionUsage" if "requires" in error.message:
            parameter = command.options.get(error.option_name)
            count = getattr(parameter, "nargs", 1)
            values = "a value" if count == 1 else f"{count} values"
            return f"{error.option_name} needs {values}{_help(parameter)}"
        case "BadOptionUsage":
            return f"{error.option_name} takes no value"
    message = str(error.message)
    if message.startswith("No such command"):
        word = next(word for word in command.words if word[:1] != "-")
        return _no_such("command", word, command.made.commands)
    if found := re.fullmatch(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", message):
        return f"unexpected {found[1]}: {command.path} takes no more arguments"
    return _sentence(str(error.format_message()))


def _no_such(kind: str, word: str, words: Iterable[str]) -> str:
    near = ["--help"] if word == "-h" else nearest(word, words)
    return f"no such {kind} {word}" + (f"; did you mean {' or '.join(near)}?" if near else "")


def _called(parameter: Any) -> str:
    """An option as it is written, an argument as the help shows it."""
    written = [name for name in parameter.opts if name[:1] == "-"]
    if not written:
        return str(parameter.metavar or parameter.name.upper()).strip("[]")
    return str(max(written, key=lambda name: name[:2] == "--"))


def _help(parameter: Any) -> str:
    """What a parameter stands for."""
    words = _sentence(str(getattr(parameter, "help", None) or "").strip())
    return f" ({words})" if words else ""


def _wrong(error: Any) -> str:
    """What is wrong with a value."""
    found: list[Any] = getattr(error.__cause__, "errors", list)()
    detail = found[0] if found else {}
    kind = str(detail.get("type"))
    if str(detail.get("input")).lower() == "nan":
        kind = "float_parsing"
    wrong = wrong_number(kind, detail.get("input"), detail.get("ctx", {}))
    return wrong or _sentence(str(error.message))


def _sentence(message: str) -> str:
    """As it stands within another: without a full stop and, but for names, a capital."""
    begin = message[:1] if message[1:2].isupper() else message[:1].lower()
    return begin + (message[1:] if message.endswith("...") else message[1:].removesuffix("."))
