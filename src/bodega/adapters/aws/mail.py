"""Hand letters to SES, which brings them under the shop's own, verified domain."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bodega.adapters.aws.refusals import DENIED, NOT_LET_IN, code_of, unavailable
from bodega.adapters.system.letters import composed
from bodega.errors import UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.mail import Letter, UndeliverableError

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
_OURS: Mapping[str, str] = {
    "AccountSuspendedException": "this account may send no letters: see the SES console",
    "SendingPausedException": "sending is paused for this account: see the SES console",
    "MailFromDomainNotVerifiedException": "SES does not know the domain of BODEGA_MAIL_FROM: verify it",
    "LimitExceededException": "SES takes no more letters today: ask for a higher quota",
    "TooManyRequestsException": "SES takes no more letters at the moment",
    "NotFoundException": "SES does not know the sender of BODEGA_MAIL_FROM: verify it",
}
_UNVERIFIED = "not verified"


class SesError(UnavailableError):
    """SES does not take letters from us at present; the letter is not to blame."""

    code = "mail_server"


class SesMail:
    """Letters by SES, as they would go to a mail server. Thread-safe."""

    def __init__(self, ses: Any, *, sender: str, clock: Clock) -> None:
        """Take boto3's client of `sesv2`, and whom letters come from, which SES must have verified."""
        self._ses = ses
        self._sender = sender
        self._clock = clock

    def send(self, letter: Letter) -> None:
        """Have SES take the letter on; what comes back later goes to the sender's own mailbox."""
        message = composed(letter, sender=self._sender, at=self._clock.now())
        try:
            self._ses.send_email(
                FromEmailAddress=str(message["From"]),
                Destination={"ToAddresses": [str(message["To"])]},
                Content={"Raw": {"Data": message.as_bytes()}},
            )
        except (ClientError, BotoCoreError) as error:
            raise _meaning(error) from error


def _meaning(error: ClientError | BotoCoreError) -> Exception:
    """Return what a refusal means: whether it is about this letter, or about us."""
    code = code_of(error)
    if code in _OURS:
        return SesError(_OURS[code])
    told = error.response["Error"].get("Message", "") if isinstance(error, ClientError) else ""
    if code == "MessageRejected" and _UNVERIFIED in told:
        return SesError("SES does not know the sender of BODEGA_MAIL_FROM, or keeps this account in its sandbox")
    if code in {"MessageRejected", "BadRequestException"}:
        return UndeliverableError("SES refuses this letter for good")
    if code in NOT_LET_IN or code in DENIED or isinstance(error, BotoCoreError):
        return unavailable("SES", "SES", error)
    return SesError(f"SES does not take letters at present: {code}")
