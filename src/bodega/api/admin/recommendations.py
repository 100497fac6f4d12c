"""Let staff steer recommendations: rules, versions of the model, duels of two versions, and what came of it all."""

from typing import Annotated

import msgspec
from msgspec import Meta

from bodega.api.call import Call
from bodega.api.conditional import expected_version
from bodega.api.declare import Route, Scope
from bodega.api.reply import Reply, etag_of_version, replied
from bodega.domain.recommendations.duels import Duel
from bodega.domain.recommendations.reports import MAX_DAYS, DuelScore, Report
from bodega.domain.recommendations.rules import Rules, RulesInput
from bodega.errors import NotFoundError

PATH = "/v1/admin/recommendations"
READ, WRITE = Scope("recommendations:read"), Scope("recommendations:write")


class ReportQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many days to report on, today included."""

    days: Annotated[int, Meta(ge=1, le=MAX_DAYS)] = 30


class ModelVersion(msgspec.Struct, frozen=True):
    """A stored version of the model and what it was trained on."""

    version: str
    trained_at: str
    as_of: str
    in_service: bool
    facts: dict[str, float | int | str | None]


class ModelVersions(msgspec.Struct, frozen=True):
    """All stored versions, oldest first."""

    data: list[ModelVersion]


class NewDuel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The version that competes with the one in service, and for which share of the known shoppers."""

    rival: Annotated[str, Meta(min_length=1, max_length=80)]
    share: Annotated[float, Meta(gt=0, le=1)] = 1.0


class DuelView(msgspec.Struct, frozen=True):
    """A duel and how it stands. `winner` is 0 until one version wins by more than chance explains."""

    duel: Duel
    score: DuelScore


def read_rules(call: Call) -> Reply:
    """Answer the rules."""
    found = call.shop.recommendation_rules.read()
    return replied(found.rules, etag=etag_of_version(found.version))


def replace_rules(call: Call) -> Reply:
    """Put new rules in the old ones' place."""
    version = expected_version(call, lambda: call.shop.recommendation_rules.read().version)
    saved = call.shop.recommendation_rules.replace(call.body, expected_version=version)
    return replied(saved.rules, etag=etag_of_version(saved.version))


def read_report(call: Call) -> Reply:
    """Answer what became of lists, by kind and version."""
    return replied(call.shop.recommendation_reports.report(days=call.query.days))


def list_models(call: Call) -> Reply:
    """Answer the stored versions."""
    return replied(_versions(call))


def roll_back(call: Call) -> Reply:
    """Put the version before the one in service back into service."""
    call.shop.models.roll_back()
    return replied(_versions(call))


def read_duel(call: Call) -> Reply:
    """Answer the duel that is on."""
    duel = call.shop.recommendation_duels.read()
    if duel is None:
        raise NotFoundError("duel", "current")
    return replied(_duel_view(call, duel))


def begin_duel(call: Call) -> Reply:
    """Begin a duel."""
    duel = call.shop.recommendation_duels.begin(call.body.rival, share=call.body.share)
    return replied(_duel_view(call, duel), status=201, location=f"{PATH}/duel")


def end_duel(call: Call) -> Reply:
    """End the duel that is on and answer how it stood."""
    return replied(_duel_view(call, call.shop.recommendation_duels.end()))


def _duel_view(call: Call, duel: Duel) -> DuelView:
    return DuelView(duel, call.shop.recommendation_reports.duel(duel.id))


def _versions(call: Call) -> ModelVersions:
    current = call.shop.models.current_version()
    found = call.shop.models.versions()
    return ModelVersions([ModelVersion(m.version, m.trained_at, m.as_of, m.version == current, m.facts) for m in found])


ROUTES = (
    Route(
        method="GET",
        path=PATH + "/rules",
        name="admin.recommendations.rules.read",
        summary="Read what is blocked, pinned and tried",
        policy=READ,
        handler=read_rules,
        replies={200: Rules},
    ),
    Route(
        method="PUT",
        path=PATH + "/rules",
        name="admin.recommendations.rules.put",
        summary="Replace what is blocked, pinned and tried",
        policy=WRITE,
        handler=replace_rules,
        body=RulesInput,
        precondition=True,
        replies={200: Rules, 204: None},
        threaded=True,
    ),
    Route(
        method="GET",
        path=PATH + "/report",
        name="admin.recommendations.report",
        summary="Read what shoppers did with recommendations",
        policy=READ,
        handler=read_report,
        query=ReportQuery,
        replies={200: Report},
        threaded=True,
    ),
    Route(
        method="GET",
        path=PATH + "/models",
        name="admin.recommendations.models",
        summary="List stored versions of the model",
        policy=READ,
        handler=list_models,
        replies={200: ModelVersions},
        threaded=True,
    ),
    Route(
        method="POST",
        path=PATH + "/models:rollback",
        name="admin.recommendations.rollback",
        summary="Put the version before the one in service back into service",
        policy=WRITE,
        handler=roll_back,
        replies={200: ModelVersions},
        statuses=(404,),
        threaded=True,
    ),
    Route(
        method="GET",
        path=PATH + "/duel",
        name="admin.recommendations.duel.read",
        summary="Read how two versions compete",
        policy=READ,
        handler=read_duel,
        replies={200: DuelView},
        statuses=(404,),
        threaded=True,
    ),
    Route(
        method="POST",
        path=PATH + "/duel",
        name="admin.recommendations.duel.begin",
        summary="Let another version compete with the one in service",
        policy=WRITE,
        handler=begin_duel,
        body=NewDuel,
        replies={201: DuelView},
        statuses=(404,),
        threaded=True,
    ),
    Route(
        method="DELETE",
        path=PATH + "/duel",
        name="admin.recommendations.duel.end",
        summary="End the competition",
        policy=WRITE,
        handler=end_duel,
        replies={200: DuelView},
        statuses=(404,),
        threaded=True,
    ),
)
