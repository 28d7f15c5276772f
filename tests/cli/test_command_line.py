from __future__ import annotations

import inspect
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from seqchurn import cli
from seqchurn.cli import command_line, main
from seqchurn.cli.command_line import VERBS
from seqchurn.config.knobs import knobs


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["prepare", "--force"], {"force": True}),
        (["inspect"], {}),
        (
            ["forget", "--customer_id", "0012", "--customer_id", "b"],
            {"customer_ids": ["0012", "b"]},
        ),
        (["train"], {"force": False}),
        (["evaluate"], {"model_version": None}),
        (["backtest"], {"refit": "never"}),
        (["backtest", "--refit", "every"], {"refit": "every"}),
        (["tune"], {"minutes": None, "trials": None}),
        (["tune", "--minutes", "0.5", "--trials", "12"], {"minutes": 0.5, "trials": 12}),
        (["promote", "--model_version", "3"], {"model_version": "3", "reason": None}),
        (["promote", "--force", "a holiday"], {"model_version": None, "reason": "a holiday"}),
        (["rollback"], {}),
        (
            ["score", "--as_of", "2017-10-01", "--customer_id", "0012", "--customer_id", "b"],
            {
                "as_of": "2017-10-01",
                "start": None,
                "end": None,
                "customer_ids": ["0012", "b"],
                "force": False,
                "model_version": None,
            },
        ),
        (["deliver"], {"as_of": None, "delivery": None, "dry_run": False}),
        (
            ["deliver", "--as_of", "2017-10-01", "--delivery", "crm", "--dry_run"],
            {"as_of": "2017-10-01", "delivery": "crm", "dry_run": True},
        ),
        (["monitor"], {}),
        (["demo"], {"config_file": "CONFIG"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_verb_gets_the_config_and_its_run_arguments(
    arguments: list[str], expected: dict[str, Any], config: str, calls: list[Any]
) -> None:
    assert main([*arguments, "--config", config]) == 0
    expected = {name: config if v == "CONFIG" else v for name, v in expected.items()}
    [(verb, loaded, rest)] = calls
    assert (verb, loaded.name, rest) == (arguments[0], "shop", expected)


def test_scores_for_an_interval_are_asked_for_with_from_and_to(
    config: str, calls: list[Any]
) -> None:
    assert main(["score", "--config", config, "--from=2017-10-01", "--to=2017-10-08"]) == 0
    assert (calls[0][2]["start"], calls[0][2]["end"]) == ("2017-10-01", "2017-10-08")
    assert calls[0][2]["customer_ids"] == []


def test_two_runs_share_no_list_of_customers(config: str, calls: list[Any]) -> None:
    main(["score", "--config", config, "--customer_id", "a"])
    main(["score", "--config", config, "--customer_id", "b"])
    assert [rest["customer_ids"] for _, _, rest in calls] == [["a"], ["b"]]


@pytest.mark.parametrize("verb", VERBS)
def test_the_signature_of_a_verb_is_what_the_command_line_passes(verb: str) -> None:
    """Read from the source, for importing the verbs costs seconds."""
    path = Path(inspect.getfile(cli)).parents[1] / "commands" / f"{verb}.py"
    signature = path.read_text(encoding="utf-8").partition("def run(")[2].partition(")")[0]
    names = [part.partition(":")[0].strip() for part in signature.split(",")]
    assert set(names) - {"config", "*", ""} == set(command_line.parameters(verb).values())


def test_any_field_can_be_a_flag(config: str, calls: list[Any]) -> None:
    flags = "--training.max_epochs 3 --encoder.kind gru --encoder.hidden_size 32 --name 2017"
    lists = ["--evaluation.horizons", "[7d,14d]", "--training.cutoff", "null"]
    assert main(["train", "--config", config, *flags.split(), *lists]) == 0
    loaded = calls[0][1]
    assert (loaded.training.max_epochs, loaded.encoder.kind) == (3, "gru")
    assert (loaded.encoder.hidden_size, loaded.name) == (32, "2017")
    assert (loaded.evaluation.horizons, loaded.training.cutoff) == (["7d", "14d"], None)


def test_sources_can_be_a_flag(config: str, calls: list[Any], tmp_path: Path) -> None:
    source = "{kind: parquet, name: a, path: /a, customer_id: b, timestamp: c, event_type: d}"
    assert main(["train", "--config", config, "--events.sources", f"[{source}]"]) == 0
    assert calls[0][1].events.sources[0].kind == "parquet"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("", "seqchurn: needs a verb: prepare, inspect, forget, train"),
        ("trian --config C", "seqchurn: trian is not a verb. Did you mean train?"),
        ("--config C train", "--config stands before the verb. Put the verb first."),
        ("train", "seqchurn train: needs a config; write seqchurn train --config"),
        ("train --config missing.yaml", "missing.yaml does not exist. Give the path"),
        ("train --config C --training.max_epoch 3", "Did you mean --training.max_epochs?"),
        ("train --config C --max_epochs 3", "Did you mean --training.max_epochs?"),
        ("train --config C --qqq=1", "--qqq is not a flag. See seqchurn train --help."),
        ("train --config C --training.max 3", "--training.max is not a flag."),
        ("train --config C --training.max_epochs", "expected one argument. See seqchurn train"),
        ("train --config C extra", "unrecognized arguments: extra. See seqchurn train --help."),
        (
            "train --config C --training.max_epochs -3",
            "--training.max_epochs is '-3'; expected: whole number above 0.",
        ),
        ("train --config C --evaluation.horizons [7d,0d]", "--evaluation.horizons[1]: '0d' is not"),
        ("train --config C --evaluation.horizons [7d", "expected: list, each duration such as 7d"),
        (
            "train --config C --head.kind weibull --head.components 3",
            "--head.components belongs to kind loglogistic_mixture",
        ),
        ("train --config C --as_of 2017-10-01", "--as_of is not for train; taken by: score, del"),
        ("demo --config C --force", "--force is not for demo; taken by: prepare, train, promote"),
        ("forget --config C", "seqchurn forget: needs whom to forget; give --customer_id ID."),
        ("forget --config C --customer_id a --customer_id=", "needs whom to forget; give"),
        (
            "train --config C --customer_id a",
            "--customer_id is not for train; taken by: forget, score, explain.",
        ),
        ("promote --config C --force", "--force: expected one argument. See seqchurn promote"),
        ("promote --config C --force=", 'needs a reason, for the record; write --force "why".'),
        ("train --config C --reason x", "--reason is not a flag."),
        ("train --config C --refit every", "--refit is not for train; taken by: backtest."),
        ("backtest --config C --refit often", "--refit: invalid choice: 'often' (choose from"),
        ("backtest --config C --cutoffs 3", "Did you mean --backtest.cutoffs?"),
        (
            "tune --config C --minutes soon",
            "--minutes: 'soon' is not a number above zero: write 30 or 0.5.",
        ),
        ("tune --config C --minutes nan", "--minutes: 'nan' is not a number above zero: write"),
        ("tune --config C --minutes=-1", "--minutes: '-1' is not a number above zero: write"),
        (
            "tune --config C --trials 1.5",
            "--trials: '1.5' is not a whole number above zero: write 20.",
        ),
        ("tune --config C --trials 0", "--trials: '0' is not a whole number above zero: write"),
        ("train --config C --trials 3", "--trials is not for train; taken by: tune."),
        ("score --config C --as_of soon", "--as_of: 'soon' is not a date or time: write 2017"),
        ("deliver --config C --as_of soon", "--as_of: 'soon' is not a date or time: write 2017"),
        (
            "deliver --config C --from 2017-10-01",
            "--from is not for deliver; taken by: score, explain.",
        ),
        ("score --config C --from 2017-10-01", "--from and --to need each other."),
        (
            "score --config C --as_of 2017-10-01 --from 2017-10-01 --to 2017-10-02",
            "--as_of excludes --from and --to.",
        ),
        ("train --config C --quiet --verbose", "--quiet and --verbose exclude each other."),
        ("train --config C --log_format xml", "invalid choice: 'xml' (choose from"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_a_remedy(
    line: str,
    complaint: str,
    config: str,
    calls: list[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = [config if word == "C" else word for word in line.split()]
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    message = json.loads(err)["message"]  # nobody looks at a terminal
    assert complaint in message
    assert message.startswith("seqchurn")
    assert "Traceback" not in err
    assert (out, calls) == ("", [])
    assert len(err) < 600


def test_help_of_a_verb_lists_every_field_with_type_and_default(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["train", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    places = [
        text.find(f"--{knob.name} VALUE {' '.join(knob.help.split())} (type: ")
        for knob in knobs()
        if knob.flag
    ]
    assert min(places) > 0
    assert places == sorted(places)
    assert "Passes over the customers, at most. (type: whole number above 0, default: 25)" in text
    assert "strptime format of a text column, such as %d/%m/%Y" in text


def test_help_lists_the_verbs_in_the_order_of_the_pipeline(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    places = [text.find(f"    {verb} ") for verb in VERBS]
    assert min(places) > 0
    assert places == sorted(places)


@pytest.mark.parametrize("verb", VERBS)
def test_help_ends_in_an_example_that_can_be_run(
    verb: str, calls: list[Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main([verb, "--help"]) == 0
    example = shlex.split(capsys.readouterr().out.strip().splitlines()[-1])
    assert example[:2] == ["seqchurn", verb]
    monkeypatch.chdir(Path(__file__).parents[2])
    assert main(example[1:]) == 0
    assert [called for called, *_ in calls] == [verb]
