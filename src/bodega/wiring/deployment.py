"""Say where a shop on AWS is deployed; all names follow from its stage."""

from bodega.adapters.aws.world import Deployment
from bodega.settings import Settings

QUEUE_PREFIX = "bodega-{stage}-"
MASTER = "bodega/{stage}/master"


def deployment_of(settings: Settings) -> Deployment:
    """Return where the settings say that the shop is deployed; names follow from its stage."""
    return Deployment(
        region=settings.aws_region,
        prefix=QUEUE_PREFIX.format(stage=settings.aws_stage),
        bucket=settings.aws_bucket,
        kms_key=settings.aws_kms_key,
        master_secret=MASTER.format(stage=settings.aws_stage),
        endpoint=settings.aws_endpoint,
    )
