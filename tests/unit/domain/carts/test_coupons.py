from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bodega.domain.carts.coupon import CouponInUseError, CouponTakenError, CouponUsedUpError, UnknownCouponError
from bodega.domain.carts.model import fold_code
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, InvalidError, NotFoundError, StaleVersionError
from bodega.ports.table import Put

LATER = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=1)


def test_a_limit_in_total_is_held_inside_the_transaction(till):
    till.coupon(limit_total=2)

    till.use(who="cus_a")
    till.use(who="cus_b")
    with pytest.raises(CouponUsedUpError):
        till.use(who="cus_c")

    assert till.coupons.get("TEN").used == 2


def test_what_is_refused_for_its_coupon_writes_nothing_else_either(till):
    till.coupon(limit_total=1)
    till.use()
    plan = WritePlan()
    plan.add(Put("orders", {"order_id": "ord_1", "part": "order"}))
    till.coupons.plan_use(plan, "TEN", who=None)

    with pytest.raises(CouponUsedUpError):
        plan.commit(till.table)

    assert not till.table.query("orders", "ord_1").items


def test_racing_orders_never_use_a_coupon_too_often(till):
    till.coupon(limit_total=5)

    def try_it(number):
        try:
            till.use(who=f"cus_{number}")
        except CouponUsedUpError:
            return 0
        return 1

    with ThreadPoolExecutor(16) as pool:
        won = sum(pool.map(try_it, range(40)))

    assert won == till.coupons.get("TEN").used == 5


def test_a_limit_of_each_customer_is_held_inside_the_transaction(till):
    till.coupon(limit_per_customer=1)

    till.use(who="cus_a")
    till.use(who="cus_b")
    with pytest.raises(CouponUsedUpError):
        till.use(who="cus_a")

    with pytest.raises(CouponUsedUpError):
        till.coupons.check(till.coupons.get("TEN"), subtotal=100, customer_id="cus_a", who="cus_a")
    till.coupons.check(till.coupons.get("TEN"), subtotal=100, customer_id="cus_c", who="cus_c")


def test_a_coupon_limited_by_customer_needs_to_know_who(till):
    till.coupon(limit_per_customer=1)

    with pytest.raises(InvalidError):
        till.use(who=None)


def test_a_use_that_is_taken_back_can_be_had_again(till):
    till.coupon(limit_total=1, limit_per_customer=1)
    till.use(who="cus_a")

    till.take_back(who="cus_a")

    assert till.coupons.get("TEN").used == 0
    till.use(who="cus_a")
    assert till.coupons.get("TEN").used == 1


def test_a_use_is_not_taken_back_more_often_than_it_was_counted(till):
    till.coupon()
    never, late = WritePlan(), WritePlan()

    till.coupons.plan_return(never, "TEN", who=None)
    till.use()
    till.coupons.plan_return(late, "TEN", who=None)
    till.take_back()

    assert never.writes == []
    with pytest.raises(StaleVersionError):
        late.commit(till.table)
    assert till.coupons.get("TEN").used == 0


def test_staff_who_lower_a_limit_between_plan_and_commit_are_heeded(till):
    till.coupon(limit_total=5)
    till.use()
    plan = WritePlan()
    till.coupons.plan_use(plan, "TEN", who=None)
    till.coupons.change("TEN", {"limit_total": 1}, expected_version=1)

    with pytest.raises(ConflictError):
        plan.commit(till.table)

    assert till.coupons.get("TEN").used == 1


def test_changing_a_coupon_does_not_undo_uses_that_happen_meanwhile(till):
    till.coupon(limit_total=5)
    till.use()

    changed = till.coupons.change("TEN", {"percent": "20"}, expected_version=None)

    assert changed.version == 2
    assert till.coupons.get("TEN").used == 1
    till.use()
    assert till.coupons.get("TEN").used == 2
    with pytest.raises(StaleVersionError):
        till.coupons.change("TEN", {"percent": "30"}, expected_version=1)


def test_a_withdrawn_coupon_cannot_be_placed_with(till):
    till.coupon()
    till.coupons.change("TEN", {"active": False}, expected_version=None)

    with pytest.raises(UnknownCouponError):
        till.use()


def test_a_coupon_that_expired_after_the_quote_can_still_be_placed_with(till):
    till.coupon(valid_until=LATER)
    till.clock.advance(7200)

    till.use()

    assert till.coupons.get("TEN").used == 1


def test_a_used_coupon_is_not_removed_and_an_unused_one_is(till):
    till.coupon()
    till.coupon(code="NEVER")
    till.use()

    with pytest.raises(CouponInUseError):
        till.coupons.remove("TEN", expected_version=None)
    till.coupons.remove("never", expected_version=1)

    with pytest.raises(NotFoundError):
        till.coupons.get("NEVER")
    assert [one.code for one in till.coupons.list().rows] == ["TEN"]


@pytest.mark.parametrize("other", ["ten", " TEN ", "tEn", "\uff34\uff25\uff2e", "TEN\u00a0"])
def test_spellings_of_a_code_are_one_coupon(till, other):
    till.coupon()

    with pytest.raises(CouponTakenError):
        till.coupon(code=other)
    assert till.coupons.find(other).code == "TEN"


def test_codes_are_folded_as_unicode_has_it():
    assert fold_code("Stra\u00dfe") == fold_code("STRASSE")
    assert fold_code("\ufb01sh") == fold_code("FISH")
    assert fold_code("\u212bngstrom") == fold_code("\u00e5NGSTROM")


def test_a_coupon_withdrawn_between_plan_and_commit_is_not_used_even_without_a_limit(till):
    till.coupon()
    plan = WritePlan()
    till.coupons.plan_use(plan, "TEN", who="cus_a")
    till.coupons.change("TEN", {"active": False}, expected_version=None)

    with pytest.raises(ConflictError):
        plan.commit(till.table)

    assert till.coupons.get("TEN").used == 0
