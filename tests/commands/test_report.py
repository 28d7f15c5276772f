"""seqchurn report: one page that needs nothing beside it, on a small shop."""

from __future__ import annotations

import json
import re
from pathlib import Path

import mlflow
import polars as pl
import pytest

from seqchurn.reporting import pick_examples
from tests.shop import CUTOFF, Opened, Shop, copied

MIB = 2**20


@pytest.fixture(scope="module")
def reported(whole_way: Opened, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, str, str]:
    """A shop, what was printed, and the page."""
    shop = copied(whole_way, tmp_path_factory.mktemp("reported") / "shop")
    printed = shop.must("report")
    return shop, printed, page_of(shop).read_text(encoding="utf-8")


def page_of(shop: Shop) -> Path:
    return shop.store / "evaluation" / "shop" / f"cutoff={CUTOFF}" / "report.html"


def test_the_page_needs_nothing_beside_it(reported: tuple[Shop, str, str]) -> None:
    shop, printed, page = reported
    assert printed.endswith(f"page    {page_of(shop)}\n")
    assert len(page.encode()) < 3 * MIB
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"', page)
    assert not re.findall(r"url\((?!#)", page)
    assert "@import" not in page


def test_it_has_a_chapter_for_each_question(reported: tuple[Shop, str, str]) -> None:
    *_, page = reported
    assert re.findall("<h2>(.*?)</h2>", page) == [
        "Is it better than what one would use otherwise?",
        "Can its probabilities be taken at their word?",
        "For whom?",
        "Whom to look after first?",
        "Some customers",
        "How long does it last?",
        "The data",
        "How to read it",
    ]
    assert page.count("<svg") == 5
    assert "There was no backtest yet: seqchurn backtest makes one." in page


def test_its_numbers_are_those_of_the_tables(reported: tuple[Shop, str, str]) -> None:
    shop, _, page = reported
    rows = json.loads((page_of(shop).parent / "evaluation.json").read_text())
    own = next(r for r in rows if r["model"] == "seqchurn lstm" and r["cohort"] == "all")
    digits = f"{own['log_loss']:.4f}".removeprefix("0")
    assert f'data-head="log-loss">{digits}<' in page
    assert "An order within 7d: " in page
    refused = re.findall(r"<td[^>]*>orders</td><td[^>]*>(.*?)</td><td[^>]*>(\d+)</td>", page)
    assert sum(int(count) for _, count in refused if not count.startswith("0")) >= 3


def test_it_is_kept_with_the_run_of_the_evaluation(reported: tuple[Shop, str, str]) -> None:
    shop, _, page = reported
    client = mlflow.MlflowClient(f"sqlite:///{shop.store}/mlflow/mlflow.db")
    experiment = client.get_experiment_by_name("shop")
    runs = client.search_runs([experiment.experiment_id])
    files = [{a.path for a in client.list_artifacts(r.info.run_id)} for r in runs]
    [run] = [r for r, paths in zip(runs, files, strict=True) if "report.html" in paths]
    assert run.data.tags["seqchurn.kind"] == "evaluate"
    kept = Path(client.download_artifacts(run.info.run_id, "report.html"))
    assert kept.read_text(encoding="utf-8") == page


def test_the_ageing_of_a_backtest_is_shown(trained: Shop) -> None:
    quick = ["--backtest.cutoffs", "2", "--training.max_epochs", "1", "--training.networks", "1"]
    trained.must("backtest", *quick, "--refit", "every")
    trained.must("report")
    page = page_of(trained).read_text(encoding="utf-8")
    assert "There was no backtest yet" not in page
    assert "How the network ages" in page


@pytest.mark.slow
def test_a_later_evaluation_takes_the_page_away_and_forget_does_everywhere(trained: Shop) -> None:
    trained.must("report")
    kept = list((trained.store / "mlflow" / "artifacts").rglob("report.html"))
    assert len(kept) == 1
    trained.must("evaluate")
    assert not page_of(trained).exists()
    trained.must("report")
    said = trained.must("forget", "--customer_id", "c01")
    assert f"report      removed: {page_of(trained)}\n" in said
    assert "report      removed from 2 runs in MLflow\n" in said
    assert list(trained.store.rglob("report.html")) == []


def test_examples_are_the_surest_right_and_wrong() -> None:
    customers = pl.DataFrame(
        {
            "customer_id": list("abcdefg"),
            "order_days": [[1.0], [1.0, 2.0], [3.0], [4.0], [], [5.0], [6.0]],
            "ordered": [True, True, False, False, True, True, False],
            "net": [0.9, 0.95, 0.8, 0.1, 0.99, 0.2, 0.05],
        }
    )
    rows = pick_examples(customers, model="net", horizon_days=7.0, each=1).rows
    assert rows.select("kind", "customer_id", "orders").rows() == [
        ("would order, and did", "b", 2),
        ("would not order, and did not", "g", 1),
        ("would order, and did not", "c", 1),
        ("would not order, and did", "f", 1),
    ]
    assert pick_examples(customers, model="net", horizon_days=7.0).rows.height == 6
