"""What was committed reaches every endpoint that wants it: in order, signed, again and again, and not for ever."""

import base64
import hashlib
import hmac
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from receivers import Receiver, saying

from bodega.domain.webhooks.backoff import pause
from bodega.domain.webhooks.endpoints import DISABLE_AFTER
from bodega.domain.webhooks.model import EndpointInput
from bodega.errors import ConflictError, InvalidError, NotFoundError, UnavailableError
from bodega.ports.table import Announced, Event

DAY = timedelta(days=1).total_seconds()


def signed_with(secret, head, body):
    message = b".".join((head["webhook-id"].encode(), head["webhook-timestamp"].encode(), body))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
    return f"v1,{signature}" in head["webhook-signature"].split(" ")


# -- arriving


def test_an_event_arrives_signed_with_what_happened(bench, listener, clock):
    endpoint, secret = bench.shop.webhooks.endpoints.create(EndpointInput(url=listener.url, events=["*"]))
    bench.announce("prod_1", 7, data=b'{"status":"active"}')

    bench.deliver()

    (delivery,) = bench.log(endpoint)
    (head,), (body,) = listener.heads, listener.bodies
    assert listener.heard == [
        {
            "id": "evt_prod_1_7",
            "type": "product.changed",
            "timestamp": "2026-01-01T00:00:00.000Z",
            "resource": "prod_1",
            "version": 7,
            "data": {"status": "active"},
        }
    ]
    assert signed_with(secret, head, body)
    assert head["webhook-id"] == delivery.id
    assert int(head["webhook-timestamp"]) == int(clock.now().timestamp())
    assert (delivery.state, delivery.attempt_count, delivery.attempts[0].status) == ("delivered", 1, 200)
    assert delivery.attempts[0].excerpt == "noted"


def test_only_what_was_asked_for_and_committed_since_arrives(bench, listener):
    bench.announce("prod_0", 1)
    endpoint = bench.endpoint(listener.url, "order.*", "stock.low")
    bench.announce("prod_1", 1)
    bench.announce("ord_1", 1, name="order.placed")
    bench.announce("stock:A", 1, name="stock.low")
    bench.announce("stock:B", 1, name="stock.out")

    bench.deliver()

    assert sorted(listener.versions) == [("ord_1", 1), ("stock:A", 1)]
    assert len(bench.log(endpoint)) == 2


def test_every_endpoint_gets_it_under_an_id_of_its_own(bench, make_listener):
    first, second = make_listener(), make_listener()
    bench.endpoint(first.url)
    bench.endpoint(second.url)
    bench.announce("prod_1", 1)

    bench.deliver()

    assert first.heard == second.heard
    assert first.heads[0]["webhook-id"] != second.heads[0]["webhook-id"]


# -- order


def test_versions_of_a_resource_arrive_in_order_and_wait_for_each_other(bench, listener, clock):
    endpoint = bench.endpoint(listener.url)
    listener.statuses = ["500 Broken", "200 OK"]
    bench.announce("prod_1", 1, 2, 3)
    bench.announce("prod_2", 1)

    bench.deliver()
    assert listener.versions == [("prod_1", 1), ("prod_2", 1)]  # 2 and 3 wait for 1, and nobody else does

    clock.advance(11)
    bench.deliver()
    assert listener.versions[2:] == [("prod_1", 1), ("prod_1", 2), ("prod_1", 3)]
    assert {state for _, state in bench.states(endpoint)} == {"delivered"}


def test_an_older_version_that_comes_late_is_skipped_with_a_mark(bench, listener):
    endpoint = bench.endpoint(listener.url)
    bench.announce("prod_1", 3)
    bench.deliver()
    bench.announce("prod_1", 2)
    bench.deliver()

    skipped = bench.log(endpoint, state="skipped")

    assert listener.versions == [("prod_1", 3)]
    assert [one.event.version for one in skipped] == [2]
    assert "version 3" in skipped[0].note


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_fails_no_version_overtakes_another(bench, make_listener, clock, data):
    listener = make_listener()
    endpoint = bench.endpoint(listener.url)
    events = data.draw(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=12))
    listener.statuses = [*data.draw(st.lists(st.sampled_from(["200 OK", "503 Busy"]), max_size=20)), "200 OK"]
    counts = dict.fromkeys("abc", 0)
    for resource in events:
        counts[resource] += 1
        bench.announce(f"{resource}-{endpoint.id}", counts[resource])
        if data.draw(st.booleans()):
            bench.deliver()
            clock.advance(data.draw(st.sampled_from([0, 5, 4000])))
    for _ in range(40):
        bench.deliver()
        clock.advance(4000)

    for resource in "abc":
        seen = [version for name, version in listener.versions if name == f"{resource}-{endpoint.id}"]
        assert list(dict.fromkeys(seen)) == list(range(1, counts[resource] + 1))  # each, in order
        assert seen == sorted(seen)
    assert all(state == "delivered" for _, state in bench.states(endpoint))
    bench.shop.webhooks.endpoints.remove(endpoint.id, expected_version=None)


def test_couriers_that_meet_attempt_a_lane_once(bench, listener):
    endpoint = bench.endpoint(listener.url)
    for number in range(20):
        bench.announce(f"prod_{number}", 1)
    bench.fan_out()
    due = bench.shop.webhooks.courier.due(endpoint.id, limit=20)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(bench.shop.webhooks.courier.work, [lane for lane in due for _ in range(4)]))

    assert len(listener.heard) == 20


def test_a_courier_that_goes_on_in_its_lane_keeps_it_to_itself(bench):
    due_meanwhile = []

    def talk(connection, request):
        due_meanwhile.append(list(bench.shop.webhooks.courier.due(endpoint.id, limit=5)))
        saying("200 OK")(connection, request)

    receiver = Receiver(talk)
    endpoint = bench.endpoint(f"http://127.0.0.1:{receiver.port}/")
    bench.announce("prod_1", 1, 2, 3)
    bench.deliver()
    receiver.close()

    assert due_meanwhile == [[], [], []]


# -- trying again


def test_a_failure_is_tried_again_later_and_later_for_a_day_and_then_given_up(bench, listener, clock):
    endpoint = bench.endpoint(listener.url)
    listener.statuses = ["500 Broken"]
    bench.announce("prod_1", 1)
    bench.announce("prod_1", 2)
    start = clock.now()

    attempts = 0
    while bench.log(endpoint)[:1] == [] or bench.log(endpoint)[0].state == "pending":
        attempts += bench.deliver()
        clock.advance(60)

    first, second = bench.log(endpoint)
    assert first.state == "given_up"
    assert timedelta(hours=24) <= first.updated_at - start <= timedelta(hours=25, minutes=2)
    assert first.attempt_count > 24
    assert len(first.attempts) == min(first.attempt_count, 40)
    assert second.attempt_count <= 1  # its turn came when the first was given up


def test_pauses_grow_with_full_jitter_up_to_an_hour():
    assert [pause(n, lambda: 0.5).total_seconds() for n in (1, 2, 3, 9, 10, 500)] == [5, 10, 20, 1280, 1800, 1800]
    assert pause(5, lambda: 0.0) == timedelta()
    assert pause(1, lambda: 0.0, at_least=timedelta(seconds=120)).total_seconds() == 120
    assert pause(1, lambda: 0.0, at_least=timedelta(days=300)).total_seconds() == 3600


def test_a_busy_receiver_s_wish_for_a_pause_is_heard(bench, make_listener, clock):
    listener = make_listener()
    endpoint = bench.endpoint(listener.url)
    listener.statuses = ["429 Slow Down\r\nRetry-After: 300", "200 OK"]
    bench.announce("prod_1", 1)
    bench.deliver()

    clock.advance(299)
    assert bench.deliver() == 0
    clock.advance(1)
    assert bench.deliver() == 1
    assert bench.states(endpoint) == [(1, "delivered")]


def test_what_failed_says_why(bench, make_listener):
    listener = make_listener()
    refused = bench.endpoint(listener.url)
    moved = bench.endpoint(listener.url)
    listener.statuses = ["302 Found\r\nLocation: http://127.0.0.1:9/", "404 Not Found"]
    with socket.socket() as silent:  # bound and not listening: nobody else can get the port meanwhile
        silent.bind(("127.0.0.1", 0))
        gone = bench.endpoint(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        bench.announce("prod_1", 1)

        bench.deliver()

    statuses = {bench.log(one)[0].attempts[0].status for one in (refused, moved)}
    assert statuses == {302, 404}
    assert bench.log(gone)[0].attempts[0].error == "connect"


def test_what_a_receiver_says_is_kept_short_and_harmless(bench, make_listener):
    said = ("<b>\x1b[2J\u202egnp.exe\x00" + "x" * 5000).encode()
    receiver = Receiver(saying("500 Broken", said))
    endpoint = bench.endpoint(f"http://127.0.0.1:{receiver.port}/")
    bench.announce("prod_1", 1)
    bench.deliver()
    receiver.close()

    excerpt = bench.log(endpoint)[0].attempts[0].excerpt
    assert len(excerpt) <= 500
    assert excerpt.startswith("<b> [2J gnp.exe x")


def test_an_address_that_is_forbidden_by_now_is_not_called(bench, clock):
    endpoint = bench.endpoint("http://127.0.0.1:9999/")
    guard = bench.shop.webhooks.courier._outgoing._guard
    guard._opened = ()
    bench.announce("prod_1", 1)

    bench.deliver()

    (attempt,) = bench.log(endpoint)[0].attempts
    assert (attempt.status, attempt.error) == (None, "address_refused")


# -- endpoints that fail


def test_an_endpoint_that_fails_for_days_is_disabled_and_that_is_an_event(bench, make_listener, clock):
    broken, watcher = make_listener(), make_listener()
    broken.statuses = ["500 Broken"]
    endpoint = bench.endpoint(broken.url, "product.changed")
    bench.endpoint(watcher.url, "webhook.disabled")
    for day in range(5):
        bench.announce("prod_1", day + 1)
        for _ in range(8):
            bench.deliver()
            clock.advance(DAY / 8)

    bench.deliver()

    found = bench.shop.webhooks.endpoints.get(endpoint.id)
    assert (found.status, found.disabled_reason) == ("disabled", "failing")
    assert [one["type"] for one in watcher.heard] == ["webhook.disabled"]
    assert watcher.heard[0]["data"]["id"] == endpoint.id
    calls = len(broken.heard)
    bench.announce("prod_1", 99)
    clock.advance(DAY)
    bench.deliver()
    assert len(broken.heard) == calls


def test_a_success_in_between_starts_the_count_anew(bench, listener, clock):
    endpoint = bench.endpoint(listener.url)
    for version, status in enumerate(["500 Broken", "200 OK", "500 Broken"], 1):
        listener.statuses = [status]
        bench.announce("prod_1" if version < 3 else "prod_2", version)
        bench.deliver()
        clock.advance(DISABLE_AFTER.total_seconds() / 2)
        bench.deliver()

    assert bench.shop.webhooks.endpoints.get(endpoint.id).status == "enabled"
    assert bench.shop.webhooks.endpoints.get(endpoint.id).failing_since is not None


def test_an_endpoint_that_says_it_is_gone_is_believed_at_once(bench, listener):
    endpoint = bench.endpoint(listener.url)
    listener.statuses = ["410 Gone"]
    bench.announce("prod_1", 1)
    bench.deliver()

    found = bench.shop.webhooks.endpoints.get(endpoint.id)
    assert (found.status, found.disabled_reason) == ("disabled", "gone")


def test_what_waits_at_a_disabled_endpoint_goes_on_when_it_is_enabled(bench, listener, clock):
    endpoint = bench.endpoint(listener.url)
    listener.statuses = ["500 Broken", "200 OK"]
    bench.announce("prod_1", 1)
    bench.deliver()
    endpoints = bench.shop.webhooks.endpoints
    endpoints.change(endpoint.id, {"status": "disabled"}, expected_version=None)
    bench.announce("prod_1", 2)
    clock.advance(60)
    bench.deliver()
    assert len(listener.heard) == 1

    endpoints.change(endpoint.id, {"status": "enabled"}, expected_version=None)
    bench.announce("prod_1", 3)
    bench.deliver()

    # What happened while it was disabled is not for it.
    assert listener.versions == [("prod_1", 1), ("prod_1", 1), ("prod_1", 3)]


# -- again, because somebody asks


def test_what_was_delivered_can_be_delivered_again_under_its_id(bench, listener):
    endpoint = bench.endpoint(listener.url)
    bench.announce("prod_1", 1, 2)
    bench.deliver()
    first, _ = bench.log(endpoint)

    again = bench.shop.webhooks.deliveries.redeliver(endpoint.id, first.id)
    bench.deliver()

    assert again.state == "pending"
    assert listener.versions == [("prod_1", 1), ("prod_1", 2), ("prod_1", 1)]
    assert listener.heads[0]["webhook-id"] == listener.heads[2]["webhook-id"]
    assert bench.log(endpoint)[0].attempt_count == 2


def test_what_waits_for_its_next_attempt_is_tried_at_once(bench, listener):
    endpoint = bench.endpoint(listener.url)
    listener.statuses = ["500 Broken", "200 OK"]
    bench.announce("prod_1", 1)
    bench.deliver()
    assert bench.deliver() == 0

    bench.shop.webhooks.deliveries.redeliver(endpoint.id, bench.log(endpoint)[0].id)

    assert bench.deliver() == 1
    assert bench.states(endpoint) == [(1, "delivered")]


def test_asking_for_it_many_times_at_once_is_asking_once(bench, listener):
    endpoint = bench.endpoint(listener.url)
    bench.announce("prod_1", 1)
    bench.deliver()
    delivery = bench.log(endpoint)[0]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: bench.shop.webhooks.deliveries.redeliver(endpoint.id, delivery.id), range(16)))
    bench.deliver()

    assert len(listener.heard) == 2


def test_what_was_given_up_is_listed_and_can_be_driven_again(bench, listener, clock):
    endpoint = bench.endpoint(listener.url)
    listener.statuses = ["500 Broken"]
    for number in range(3):
        bench.announce(f"prod_{number}", 1)
    for _ in range(60):
        bench.deliver()
        clock.advance(1800)
    assert len(bench.log(endpoint, state="given_up")) == 3

    listener.statuses = ["200 OK"]
    assert bench.shop.webhooks.deliveries.redrive(endpoint.id) == 3
    bench.deliver()

    assert bench.log(endpoint, state="given_up") == []
    assert len(bench.log(endpoint, state="delivered")) == 3
    assert bench.shop.webhooks.deliveries.redrive(endpoint.id) == 0


def test_there_is_no_delivery_of_another_endpoint(bench, listener):
    first, second = bench.endpoint(listener.url), bench.endpoint(listener.url)
    bench.announce("prod_1", 1)
    bench.deliver()
    delivery = bench.log(first)[0]

    for endpoint_id, delivery_id in ((second.id, delivery.id), (first.id, "dlv_x"), ("hook_x", delivery.id), ("", "")):
        with pytest.raises(NotFoundError):
            bench.shop.webhooks.deliveries.redeliver(endpoint_id, delivery_id)


def test_the_log_is_read_page_by_page_newest_first(bench, listener):
    endpoint = bench.endpoint(listener.url)
    bench.announce("prod_1", *range(1, 8))
    bench.deliver()

    for state in (None, "delivered"):
        seen, position = [], None
        while True:
            page = bench.shop.webhooks.deliveries.list(endpoint.id, state=state, position=position, limit=3)
            seen += [one.event.version for one in page.rows]
            position = page.next
            if position is None:
                break
        assert seen == [7, 6, 5, 4, 3, 2, 1]


def test_the_log_forgets_after_a_month(bench, listener, clock):
    endpoint = bench.endpoint(listener.url)
    bench.announce("prod_1", 1)
    bench.deliver()

    clock.advance(31 * DAY)

    assert bench.log(endpoint) == []


# -- crashes and repetitions


def test_a_courier_that_dies_leaves_the_lane_to_the_next(bench, listener, clock):
    endpoint = bench.endpoint(listener.url)
    bench.announce("prod_1", 1, 2)
    bench.fan_out()
    (lane,) = bench.shop.webhooks.courier.due(endpoint.id, limit=5)
    bench.shop.webhooks.courier._lanes.claim(lane, clock.now(), "clm_dead")

    assert bench.deliver() == 0
    clock.advance(60)
    assert bench.deliver() == 2


def test_a_courier_that_was_too_slow_changes_nothing(bench, listener, clock):
    endpoint = bench.endpoint(listener.url)
    bench.announce("prod_1", 1)
    bench.fan_out()
    lanes = bench.shop.webhooks.courier._lanes
    (lane,) = bench.shop.webhooks.courier.due(endpoint.id, limit=5)
    slow = lanes.claim(lane, clock.now(), "clm_slow")
    head = lanes.head(slow)
    clock.advance(60)
    bench.deliver()

    with pytest.raises(ConflictError):
        lanes.finish(slow, head, [], delivered=True, now=clock.now())
    with pytest.raises(ConflictError):
        lanes.release(slow, clock.now())
    assert bench.states(endpoint) == [(1, "delivered")]


def test_handling_events_again_or_in_any_order_makes_no_second_delivery(bench, listener):
    endpoint = bench.endpoint(listener.url)
    bench.announce("prod_1", *range(1, 31))
    announced = bench.shop.world.table.announced(0)
    endpoints = bench.shop.webhooks.endpoints.list()
    fan_out = bench.shop.webhooks.fan_out

    fan_out.handle(announced[:7], endpoints)
    fan_out.handle(announced, endpoints)
    fan_out.handle(list(reversed(announced)), endpoints)
    bench.deliver()

    fan_out.handle(announced, endpoints)  # once more, now that they are delivered
    bench.deliver()

    assert listener.versions == [("prod_1", version) for version in range(1, 31)]
    assert len(bench.log(endpoint)) == 30


def test_a_crash_in_the_middle_of_fanning_out_loses_nothing(bench, listener, monkeypatch):
    bench.endpoint(listener.url)
    bench.announce("prod_1", 1)

    def broken(_transactions):
        raise UnavailableError("the disk is gone")

    with monkeypatch.context() as context:
        context.setattr(bench.shop.world.table, "load", broken)
        with pytest.raises(UnavailableError):
            bench.fan_out()
    bench.deliver()

    assert listener.versions == [("prod_1", 1)]


def test_many_fan_outs_at_once_make_each_delivery_once(bench, listener):
    endpoint = bench.endpoint(listener.url)
    for number in range(40):
        bench.announce(f"prod_{number % 4}", number // 4 + 1)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: bench.fan_out(), range(6)))
    bench.deliver()

    assert sorted(listener.versions) == sorted((f"prod_{n % 4}", n // 4 + 1) for n in range(40))
    for resource in range(4):
        mine = [version for name, version in listener.versions if name == f"prod_{resource}"]
        assert mine == sorted(mine)
    assert len(bench.log(endpoint)) == 40


@pytest.mark.parametrize("data", [b"not json", b"[1]", b"\xff", b"{}{}"], ids=["words", "array", "bytes", "two"])
def test_an_event_that_nobody_can_read_becomes_a_dead_letter_and_holds_up_nobody(bench, listener, clock, data):
    endpoint = bench.endpoint(listener.url)
    bench.announce("prod_1", 1)
    bench.announce("prod_2", 1, data=data)
    bench.announce("prod_3", 1)
    bench.deliver()
    assert sorted(listener.versions) == [("prod_1", 1), ("prod_3", 1)]

    for _ in range(8):
        clock.advance(10)
        bench.fan_out()

    (letter,) = bench.shop.world.queue.dead_letters("webhooks")
    assert msgspec.json.decode(letter.body, type=Announced).event.resource == "prod_2"
    assert bench.shop.world.queue.depth("webhooks") == 0
    assert len(bench.log(endpoint)) == 2


def test_an_event_of_a_resource_with_an_endless_name_is_set_aside(bench, listener, clock):
    bench.endpoint(listener.url)
    bench.shop.world.table.transact([], [Event("evt_long", "product.changed", "x" * 3000, 1, "2026-01-01T00:00:00Z")])
    bench.announce("prod_1", 1)

    bench.deliver()
    for _ in range(8):
        clock.advance(10)
        bench.fan_out()

    assert listener.versions == [("prod_1", 1)]
    assert len(bench.shop.world.queue.dead_letters("webhooks")) == 1


# -- secrets


def test_while_secrets_overlap_both_sign(bench, listener, clock):
    endpoints = bench.shop.webhooks.endpoints
    endpoint, old = endpoints.create(EndpointInput(url=listener.url, events=["*"]))
    _, new = endpoints.rotate_secret(endpoint.id, overlap=timedelta(hours=1), expected_version=None)
    bench.announce("prod_1", 1)
    bench.deliver()
    clock.advance(3600)
    bench.announce("prod_1", 2)
    bench.deliver()

    (both, later), (first, second) = listener.heads, listener.bodies
    assert signed_with(old, both, first)
    assert signed_with(new, both, first)
    assert not signed_with(old, later, second)
    assert signed_with(new, later, second)


def test_a_secret_that_leaked_ends_at_once_and_no_more_than_four_overlap(bench, listener):
    endpoints = bench.shop.webhooks.endpoints
    endpoint, _ = endpoints.create(EndpointInput(url=listener.url, events=["*"]))
    for _ in range(3):
        endpoints.rotate_secret(endpoint.id, overlap=timedelta(hours=1), expected_version=None)
    with pytest.raises(ConflictError):
        endpoints.rotate_secret(endpoint.id, overlap=timedelta(hours=1), expected_version=None)
    with pytest.raises(InvalidError):
        endpoints.rotate_secret(endpoint.id, overlap=timedelta(days=8), expected_version=None)

    changed, last = endpoints.rotate_secret(endpoint.id, overlap=timedelta(), expected_version=None)

    assert endpoints.secrets(changed) == [last]
