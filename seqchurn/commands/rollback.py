"""seqchurn rollback: the champion of before -> the champion again."""

from __future__ import annotations

from seqchurn.commands.cards import renew_card
from seqchurn.commands.parts import deciding, registered_model
from seqchurn.config import Config
from seqchurn.tracking import CHAMPION, roll_back

__all__ = ["run"]


def run(config: Config) -> None:
    """Let the champion of the config's model step down for the one before it.

    Args:
        config: The whole config.

    Raises:
        ModelError: If there is no champion, or none was before it.
    """
    with deciding(config):
        left = registered_model(config, CHAMPION)
        back = roll_back(left)
        renew_card(left)
    print(
        f"{CHAMPION}  models:/{back.name}@{CHAMPION} is version {back.version} again; version "
        f"{left.version} steps down"
    )
