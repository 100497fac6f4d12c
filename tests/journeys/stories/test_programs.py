"""Other programs hear of what happened, signed, and in the order in which it happened."""

import base64
import hashlib
import hmac
import json

from processes import wait_until
from receivers import receiving, saying
from shopping import buys, puts_up_for_sale


def test_a_program_is_told_of_an_order_and_of_what_becomes_of_it(shop, api, staff):
    puts_up_for_sale(api, staff, "TOLD-MUG")
    with receiving(saying("204 No Content")) as program:
        made = api.post("/v1/admin/webhooks", json=shop.reachable(program, events=["order.*"]), headers=staff)
        assert made.status_code == 201, made.text
        webhook, address = made.json(), made.headers["location"]
        order = buys(api, {}, key="told", **{"TOLD-MUG": 1})
        assert api.post(f"/v1/store/orders/{order['id']}:cancel", params={"token": order["token"]}, json={}).is_success

        def told():
            shop.does("sweep")
            found = [message for message in map(parsed, program.requests) if message[1]["resource"] == order["id"]]
            return found if found and found[-1][1]["data"].get("state") == "cancelled" else None

        messages = wait_until(told, what="both messages", every=2)
        etag = api.get(address, headers=staff).headers["etag"]
        assert api.delete(address, headers=staff | {"if-match": etag}).status_code == 204

    versions = [body["version"] for _, body, _ in messages]
    assert (messages[0][1]["type"], versions) == ("order.placed", sorted(versions))
    assert all(genuine(webhook["secret"], headers, sent) for headers, _, sent in messages)


def parsed(request):
    """Return a request's headers, its body decoded, and its body as it came."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return {name.decode().lower(): value.decode().strip() for name, _, value in lines}, json.loads(body), body


def genuine(secret, headers, body):
    """Check a signature as docs/how-to/webhooks.md says."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return expected in headers["webhook-signature"].split()
