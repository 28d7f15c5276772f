"""Airflow 3: the nightly and the weekly recipe, a task for each verb.

Airflow lives in an environment of its own and calls the program. Put this file into its folder of
DAGs, and tell its workers in their environment SEQCHURN (the program), SEQCHURN_CONFIG (the config)
and SEQCHURN_ON_CALL (whom to mail); the values below stand in for what is not told.
"""

from __future__ import annotations

import os
import subprocess
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import DAG, chain, task
from airflow.sdk.exceptions import AirflowFailException

NIGHTLY = ["prepare", "score", "deliver", "monitor"]
WEEKLY = ["train", "promote"]
RETRIED = (5, 7)
"""Another run holds the lock; the machine or a server failed. All else waits for a person."""
STOPPED = 128
"""Above it: ended in order by a signal. A run that was killed has the signal's number, negative."""

SEQCHURN = os.environ.get("SEQCHURN", "/srv/seqchurn/.venv/bin/seqchurn")
CONFIG = os.environ.get("SEQCHURN_CONFIG", "/srv/seqchurn/configs/production.yaml")
ON_CALL = os.environ.get("SEQCHURN_ON_CALL", "on-call@example.com")


@task
def run(verb: str) -> None:
    """Run a verb; the log of the task has what it prints."""
    status = subprocess.run([SEQCHURN, verb, "--config", CONFIG], check=False).returncode
    if status in RETRIED or status < 0 or status > STOPPED:
        raise RuntimeError(f"seqchurn {verb} ended with {status}: a retry may help")
    if status:
        raise AirflowFailException(f"seqchurn {verb} ended with {status}: see the lines above")


def page(context: dict[str, Any]) -> None:
    """Mail whoever is on call, once a task has failed for good."""
    which = context["task_instance"]
    text = f"{which.dag_id} {which.task_id}: {context.get('exception')}"
    subprocess.run(["mail", "-s", text, ON_CALL], input=text, text=True, check=True)


def recipe(dag_id: str, schedule: str, verbs: list[str]) -> DAG:
    """Verbs one after another; a run that is late does not overtake the one before."""
    retries = {"retries": 3, "retry_delay": timedelta(minutes=10)}
    with DAG(
        dag_id,
        schedule=schedule,
        start_date=datetime(2026, 1, 1),
        catchup=False,
        max_active_runs=1,
        default_args={**retries, "on_failure_callback": page},
    ) as dag:
        chain(*(run.override(task_id=verb)(verb) for verb in verbs))
    return dag


nightly = recipe("seqchurn_nightly", "30 3 * * *", NIGHTLY)
weekly = recipe("seqchurn_weekly", "0 6 * * 0", WEEKLY)
