"""Complete the environment of a deployed shop by the settings that are kept in a secret.

Whoever may look at a function or a machine reads there which settings these are, and never what they say.
"""

from collections.abc import Mapping

import msgspec

from bodega import schema
from bodega.adapters.system.clock import SystemClock
from bodega.errors import UnavailableError
from bodega.settings import Settings


def withheld(environment: Mapping[str, str]) -> frozenset[str]:
    """Return the names of the settings that are kept in the stage's secret; none for a stage without one."""
    return frozenset(filter(None, environment.get(schema.SECRET_SETTINGS, "").split(",")))


def revealed(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment with these settings in it, read in one call, or in none if there are none.

    UnavailableError in one line if the secret cannot be read or lacks one; InvalidError for other faulty settings.
    """
    names = withheld(environment)
    if not names:
        return environment
    # Only a shop on AWS has its libraries, and only one with secrets needs them here.
    from bodega.adapters.aws.world import Clients  # noqa: PLC0415
    from bodega.wiring.deployment import deployment_of  # noqa: PLC0415

    settings = Settings.from_env(environment, withheld=names)
    secret = schema.settings_secret(settings.aws_stage)
    text = Clients(deployment_of(settings), clock=SystemClock()).secret(secret)
    return {**environment, **_chosen(names, text, secret)}


def _chosen(names: frozenset[str], text: str, secret: str) -> Mapping[str, str]:
    try:
        kept = msgspec.json.decode(text, type=dict[str, str])
    except msgspec.MsgspecError:
        # Without its cause, which a log would show: nothing of what the secret says leaves here.
        raise UnavailableError(f"secret {secret} is no JSON object of texts: write it anew") from None
    missing = sorted(names - kept.keys())
    if missing:
        raise UnavailableError(f"secret {secret} has no {missing[0]}: add it, or deploy without --secret {missing[0]}")
    return {name: kept[name] for name in names}
