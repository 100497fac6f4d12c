"""Say what stands in the letters that the shop writes."""

from typing import NamedTuple

from bodega.domain.orders.model import Order

_VALID = "The link is good for an hour, and once. If it was not you who asked, leave it: nothing has changed."


class Words(NamedTuple):
    """A letter's subject and text."""

    subject: str
    text: str


def welcome(name: str, account: str) -> Words:
    """Greet somebody who made an account."""
    return Words(
        "Welcome to Bodega",
        _letter(
            name,
            "You have an account with us now. It keeps your cart on every device, your addresses for next time, and an"
            " eye on your orders:",
            account,
            "If it was not you who made it, somebody used your address. Write back to us and we take it away.",
        ),
    )


def reset(name: str, link: str) -> Words:
    """Bring the link to a new password."""
    return Words("A new password", _letter(name, "Here is the link to a new password:", link, _VALID))


def password_changed(name: str, forgotten: str) -> Words:
    """Tell that the password is another."""
    return Words(
        "Your password was changed",
        _letter(
            name,
            "Your account has a new password, and was signed out everywhere else.",
            "If that was not you, set another one at once:",
            forgotten,
        ),
    )


def email_changed(name: str, new: str) -> Words:
    """Tell the old address that there is a new one."""
    return Words(
        "Your e-mail address was changed",
        _letter(
            name,
            f"From now on you sign in with {new}, and that is where we write to. This is the last letter here.",
            "If that was not you, write back to us.",
        ),
    )


def order_placed(name: str, order: Order, link: str) -> Words:
    """Confirm an order."""
    lines = "\n".join(f"  {line.quantity} x {line.name or line.sku}" for line in order.lines)
    return Words(
        f"Your order {order.number}",
        _letter(
            name,
            "Thank you. We have your order:",
            f"{lines}\n\n  Total {order.total.format()}",
            "This is its page, where you see how it stands, call it off or send things back:",
            link,
        ),
    )


def order_sent(name: str, order: Order, link: str) -> Words:
    """Tell that a parcel is on its way."""
    parcel = order.parcels[-1] if order.parcels else None
    how = [] if parcel is None else [text for text in (parcel.carrier, parcel.tracking) if text]
    said = f"A parcel of your order {order.number} is on its way" + (f" ({', '.join(how)})." if how else ".")
    return Words(f"Your order {order.number} is on its way", _letter(name, said, "How it stands:", link))


def order_cancelled(name: str, order: Order, link: str) -> Words:
    """Tell that an order was called off."""
    said = f"Your order {order.number} was called off. What you paid for it goes back to you."
    return Words(f"Your order {order.number} was called off", _letter(name, said, "Its page:", link))


def order_refunded(name: str, order: Order, link: str) -> Words:
    """Tell that money went back."""
    said = f"We gave money back for your order {order.number}: {order.refunded.format()} in all by now."
    return Words(f"Money back for your order {order.number}", _letter(name, said, "Its page:", link))


def _letter(name: str, *paragraphs: str) -> str:
    greeting = f"Hello {name}," if name else "Hello,"
    return "\n\n".join([greeting, *paragraphs, "Bodega, the corner shop with a warehouse out the back"]) + "\n"
