"""Say what a training used and what an evaluation found. Light, so that serving processes can import it."""

import msgspec

from bodega.domain.recommendations.evidence import DataSize, Judgement
from bodega.recsys.serving import Repeat

DAY_SECONDS = 86400.0


class TrainingReport(msgspec.Struct, frozen=True):
    """What a training used and made."""

    version: str
    size: DataSize
    seconds: float


class TuningReport(msgspec.Struct, frozen=True):
    """What tuning chose after how many trials, and what its lists were worth on the last weeks."""

    version: str
    model: str
    trials: int
    judged: Judgement | None
    seconds: float


class Measured(msgspec.Struct, frozen=True):
    """A model's mean scores over the customers who bought in the test period, with standard errors."""

    model: str
    recall: float
    recall_error: float
    ndcg: float
    ndcg_error: float
    hit_rate: float
    coverage: float
    novelty: float


class EvaluationReport(msgspec.Struct, frozen=True):
    """What a time split said: the shop's model beside time-decayed popularity."""

    k: int
    repeat: Repeat
    test_days: float
    test_customers: int
    train_events: int
    models: list[Measured]
