"""The words of a command line in, what it asks for out.

jsonargparse knows the arguments and prints the help; values of config fields are left to
`load_config`. What does not exist is refused with the nearest thing that does.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from jsonargparse import ArgumentParser, Namespace

from seqchurn import __version__
from seqchurn.config.complaints import nearest
from seqchurn.config.flags import HelpFormatter, add_config_flags, given_overrides
from seqchurn.config.knobs import knobs
from seqchurn.config.run_arguments import RUN_ARGUMENTS, flags_of, takers
from seqchurn.config.units import checked_instant
from seqchurn.errors import ConfigError

__all__ = ["VERBS", "Order", "parameters", "read_command_line", "verb_of"]

VERBS = {
    "prepare": "Raw logs to events and sequences.",
    "inspect": "What is in the events: span, types, gaps between orders, attributes.",
    "forget": "Remove a customer from all tables, for good, and name the models that saw them.",
    "train": "Fit a model on what lies before a cutoff, and log it.",
    "evaluate": "Compare a model and the baselines with what followed a cutoff.",
    "report": "Evaluation to one page for people who have to decide.",
    "backtest": "Try models at rolling cutoffs of the past: how good, and how they age.",
    "tune": "Try settings of a fit at cutoffs of the past, and keep the best.",
    "promote": "Make a model the champion, the one that scores, if it has earned it.",
    "rollback": "Make the champion of before the champion again.",
    "score": "Champion and events to the score table, one row per customer.",
    "explain": "Why a customer's risk of churn has changed: time passed, new events, new model.",
    "deliver": "Changes of the score table to other systems.",
    "monitor": "Were past scores right? Observed against expected orders; an alarm if not.",
    "demo": "The way from raw logs to scores, on example data.",
}

_LOGGING = ("log_format", "quiet", "verbose")
_PARAMETERS = {"from": "start", "to": "end", "customer_id": "customer_ids"}
_EXAMPLE = "seqchurn {} --config configs/demo.yaml"
_EXAMPLES = {
    "forget": f"{_EXAMPLE} --customer_id 1234",
    "train": f"{_EXAMPLE} --encoder.kind gru --training.max_epochs 3",
    "evaluate": f"{_EXAMPLE} --evaluation.horizons '[7d,14d]'",
    "backtest": f"{_EXAMPLE} --refit every --backtest.cutoffs 6",
    "tune": f"{_EXAMPLE} --minutes 30",
    "score": f"{_EXAMPLE} --as_of 2017-12-01",
    "explain": f"{_EXAMPLE} --customer_id 1234 --from 2017-11-01 --to 2017-12-01",
    "deliver": "seqchurn {} --config configs/production.yaml --dry_run",
}


@dataclass(frozen=True)
class Order:
    """What a command line asks for."""

    verb: str
    config: str
    """Path of the config file."""
    overrides: dict[str, Any]
    """Dotted names of config fields to the values that flags gave them."""
    run_arguments: dict[str, Any]
    """What the verb's `run` takes beside the config."""
    logging: dict[str, Any]
    """What `LogLines` takes."""
    print_config: bool


def read_command_line(arguments: Sequence[str]) -> Order | None:
    """What the command line asks for; None if that was help or the version, now printed.

    Raises:
        ConfigError: It asks for something impossible.
    """
    _refuse_unknown(arguments)
    try:
        given = _parser(verb_of(arguments)).parse_args(list(arguments))
    except argparse.ArgumentError as error:
        raise ConfigError(f"{error}. See {_help_command(arguments)}.") from None
    except SystemExit as end:
        if end.code:
            raise
        return None
    verb = str(given["verb"])
    flags = given[verb]
    _check(verb, flags)
    return Order(
        verb=verb,
        config=flags["config"],
        overrides=given_overrides(flags),
        run_arguments={p: _read(verb, name, flags) for name, p in parameters(verb).items()},
        logging={name: flags[name] for name in _LOGGING},
        print_config=flags["print_config"],
    )


def _read(verb: str, flag: str, flags: Namespace) -> Any:
    """What a flag that is never in a config stands for."""
    argument, given = RUN_ARGUMENTS.get(flags_of(verb).get(flag, "")), flags[flag]
    if argument is None or not isinstance(given, str):
        return given
    try:
        return argument.read(given)
    except ValueError as error:
        raise ConfigError(f"--{flag}: {error}.") from None


def parameters(verb: str) -> dict[str, str]:
    """Flags of a verb to the parameters of its `run` that take them."""
    told_the_file = {"config": "config_file"} if verb == "demo" else {}  # it shows a command
    return told_the_file | {
        flag: _PARAMETERS.get(name, name)
        for flag, name in flags_of(verb).items()
        if name not in _LOGGING
    }


def verb_of(arguments: Sequence[str]) -> str | None:
    """The verb of a command line; None if it has none."""
    return arguments[0] if arguments and arguments[0] in VERBS else None


def _parser(chosen: str | None) -> ArgumentParser:
    """The whole command line; only the chosen verb gets its arguments, to start fast."""
    parser = ArgumentParser(
        prog="seqchurn",
        description="When does the next order come? Verbs in the order of the pipeline.",
        epilog="example:\n  seqchurn demo --config configs/demo.yaml",
        usage="seqchurn VERB --config FILE [--section.key VALUE ...]",
        formatter_class=HelpFormatter,
        allow_abbrev=False,
        exit_on_error=False,
        print_config=None,
    )
    parser.add_argument(
        "--version", action="version", version=f"seqchurn {__version__}", help="Print the version."
    )
    verbs = parser.add_subcommands(dest="verb", title="verbs", metavar="VERB")
    for verb, help_text in VERBS.items():
        verbs.add_subcommand(verb, _verb_parser(verb, fill=verb == chosen), help=help_text)
    return parser


def _verb_parser(verb: str, *, fill: bool) -> ArgumentParser:
    parser = ArgumentParser(
        description=VERBS[verb],
        epilog=f"example:\n  {_EXAMPLES.get(verb, _EXAMPLE).format(verb)}",
        usage=f"seqchurn {verb} --config FILE [--section.key VALUE ...]",
        formatter_class=HelpFormatter,
        allow_abbrev=False,
        exit_on_error=False,
        print_config=None,
    )
    if fill:
        parser.add_argument("--config", metavar="FILE", help="YAML file. (type: path, required)")
        parser.add_argument(
            "--print_config", action="store_true", help="Print the resolved config and stop."
        )
        _add_run_arguments(parser, verb)
        add_config_flags(parser)
    return parser


def _add_run_arguments(parser: ArgumentParser, verb: str) -> None:
    group = parser.add_argument_group("this run - never in a config")
    for flag, name in flags_of(verb).items():
        argument = RUN_ARGUMENTS[name]
        kind: dict[str, Any] = {"action": "store_true"}
        if argument.metavar:
            action = "append" if argument.many else "store"
            kind = {"action": action, "metavar": argument.metavar, "default": argument.default}
        if argument.choices:
            kind["choices"] = argument.choices
        group.add_argument(f"--{flag}", help=argument.help, **kind)


def _refuse_unknown(arguments: Sequence[str]) -> None:
    """Refuse verbs and flags that do not exist, naming the nearest that does."""
    if not arguments:
        raise ConfigError(f"needs a verb: {', '.join(VERBS)}. See seqchurn --help.")
    verb = verb_of(arguments)
    if verb is None:
        if not arguments[0].startswith("-"):
            near = nearest(arguments[0], VERBS) or f"one of {', '.join(VERBS)}"
            raise ConfigError(f"{arguments[0]} is not a verb. Did you mean {near}?")
        if arguments[0] not in ("-h", "--help", "--version"):
            raise ConfigError(f"{arguments[0]} stands before the verb. Put the verb first.")
        return
    fields = {knob.name for knob in knobs() if knob.flag}
    known = {*flags_of(verb), *fields, "config", "print_config", "help"}
    for token in arguments[1:]:
        flag = token[2:].partition("=")[0]
        if token.startswith("--") and flag not in known:
            _refuse_flag(flag, verb, sorted(known))


def _refuse_flag(flag: str, verb: str, known: Sequence[str]) -> NoReturn:
    if verbs := takers(flag):
        raise ConfigError(
            f"--{flag} is not for {verb}; taken by: {', '.join(verbs)}. Leave it out."
        )
    same_key = [name for name in known if name.rpartition(".")[2] == flag]
    near = same_key[0] if same_key else nearest(flag, known)
    remedy = f"Did you mean --{near}?" if near else f"See seqchurn {verb} --help."
    raise ConfigError(f"--{flag} is not a flag. {remedy}")


def _check(verb: str, flags: Namespace) -> None:
    """Refuse what is missing or does not go together."""
    if flags["config"] is None:
        raise ConfigError(f"needs a config; write seqchurn {verb} --config configs/demo.yaml.")
    if flags["quiet"] and flags["verbose"]:
        raise ConfigError("--quiet and --verbose exclude each other. Leave one out.")
    if verb == "forget" and not all(flags["customer_id"] or [""]):
        raise ConfigError("needs whom to forget; give --customer_id ID.")
    if verb == "promote" and flags["force"] is not None and not flags["force"].strip():
        raise ConfigError('--force needs a reason, for the record; write --force "why".')
    if verb in ("score", "explain"):
        _check_range(flags)
    for name in ("as_of", "from", "to"):
        try:
            checked_instant(flags.get(name) or "2000-01-01")
        except ValueError as error:
            raise ConfigError(f"--{name}: {error}.") from None


def _check_range(flags: Namespace) -> None:
    if (flags["from"] is None) != (flags["to"] is None):
        raise ConfigError("--from and --to need each other. Give both, or --as_of alone.")
    as_of = flags.get("as_of")
    if as_of is not None and flags["from"] is not None:
        raise ConfigError("--as_of excludes --from and --to. Leave one or the others out.")


def _help_command(arguments: Sequence[str]) -> str:
    verb = verb_of(arguments)
    return f"seqchurn {verb} --help" if verb else "seqchurn --help"
