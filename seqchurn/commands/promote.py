"""seqchurn promote: a registered version -> the champion, which is what scores."""

from __future__ import annotations

from seqchurn.commands.parts import registered_model
from seqchurn.config import Config
from seqchurn.tracking import CHAMPION, promote

__all__ = ["run"]


def run(config: Config, *, model_version: str | None = None) -> None:
    """Make a version of the config's model the champion.

    Args:
        config: The whole config.
        model_version: Version or alias; default: the newest.

    Raises:
        ModelError: If there is no such version.
    """
    model = registered_model(config, model_version)
    promote(model)
    print(f"{CHAMPION}  models:/{model.name}@{CHAMPION} is now version {model.version}")
