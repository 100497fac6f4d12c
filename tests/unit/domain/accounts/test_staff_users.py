"""The people who run the shop: roles that hold at once, and never a shop that nobody owns."""

import threading

import pytest

from bodega import schema
from bodega.domain.accounts.credentials import EmailTakenError, WrongCredentialsError
from bodega.domain.accounts.roles import ROLES, scopes_of
from bodega.domain.accounts.staff import LastOwnerError
from bodega.errors import InvalidError, NotFoundError

PASSWORD = "a crate of oranges"


@pytest.fixture
def mo(people):
    return people.staff.create(email="mo@shop.example", role="owner", password=PASSWORD, name="Mo")


def sign_in(people, email, password=PASSWORD):
    return people.staff.sign_in(email=email, password=password, caller="c")


def test_a_user_signs_in_and_is_found_by_address_whatever_its_spelling(people, mo):
    assert people.sessions.find(sign_in(people, "MO@shop.example").token).owner == mo.id
    assert people.staff.get_by_email("\uff4do@shop.example") == mo
    assert people.staff.list() == [mo]
    with pytest.raises(EmailTakenError):
        people.staff.create(email="Mo@Shop.example", role="support", password=PASSWORD)


def test_customers_and_staff_do_not_share_a_way_in(people, mo):
    people.accounts.register(email="mo@shop.example", password="two teapots on a shelf", caller="c")

    with pytest.raises(WrongCredentialsError):
        people.credentials.authenticate(email="mo@shop.example", password=PASSWORD, caller="c")
    with pytest.raises(WrongCredentialsError):
        sign_in(people, "mo@shop.example", "two teapots on a shelf")


def test_a_change_of_role_or_password_ends_sessions(people, mo):
    vi = people.staff.create(email="vi@shop.example", role="support", password=PASSWORD)
    first = sign_in(people, vi.email)

    assert people.staff.set_role(vi.id, "analyst").allows("exports:read")
    assert people.sessions.find(first.token) is None
    second = sign_in(people, vi.email)
    people.staff.set_password(vi.id, "a crate of lemons")
    assert people.sessions.find(second.token) is None
    with pytest.raises(WrongCredentialsError):
        sign_in(people, vi.email)
    own = people.staff.change_password(
        sign_in(people, vi.email, "a crate of lemons").session,
        current="a crate of lemons",
        new="a crate of limes",
        caller="c",
    )
    assert people.sessions.find(own.token).owner == vi.id


def test_who_is_removed_is_let_in_no_more_and_forgotten(people, mo):
    vi = people.staff.create(email="vi@shop.example", role="support", password=PASSWORD)
    token = sign_in(people, vi.email).token

    people.staff.remove(vi.id)

    assert people.sessions.find(token) is None
    assert people.staff.find(vi.id) is None
    with pytest.raises(WrongCredentialsError):
        sign_in(people, vi.email)
    with pytest.raises(NotFoundError):
        people.staff.remove(vi.id)
    assert vi.id not in {item["owner"] for item in people.table.scan(schema.KEYRING).items}


def test_the_last_owner_can_neither_step_down_nor_go(people, mo):
    for act in (lambda: people.staff.set_role(mo.id, "manager"), lambda: people.staff.remove(mo.id)):
        with pytest.raises(LastOwnerError):
            act()

    people.staff.create(email="vi@shop.example", role="owner", password=PASSWORD)
    people.staff.set_role(mo.id, "manager")


def test_of_owners_who_all_step_down_at_once_one_stays(people, mo):
    others = [people.staff.create(email=f"o{n}@shop.example", role="owner", password=PASSWORD) for n in range(3)]
    start, refused = threading.Barrier(4), []

    def step_down(user):
        start.wait()
        try:
            people.staff.set_role(user.id, "support")
        except LastOwnerError:
            refused.append(user.id)

    threads = [threading.Thread(target=step_down, args=(user,)) for user in (mo, *others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [user.id for user in people.staff.list() if user.role == "owner"] == refused
    assert len(refused) == 1


@pytest.mark.parametrize(
    "change",
    [{"role": "king"}, {"role": ""}, {"email": "nobody"}, {"password": "short"}, {"name": "a\nb"}, {"name": "x" * 81}],
    ids=lambda change: "-".join(f"{k}-{v[:5].strip()}" for k, v in change.items()),
)
def test_what_nobody_can_be_is_refused(people, change):
    fields = {"email": "vi@shop.example", "role": "support", "password": PASSWORD} | change

    with pytest.raises(InvalidError):
        people.staff.create(**fields)

    assert people.staff.list() == []


def test_a_password_that_is_made_up_may_be_one(people):
    made = people.staff.new_password()

    assert people.staff.create(email="vi@shop.example", role="support", password=made)
    assert made != people.staff.new_password()


def test_roles_have_scopes_and_only_the_owner_has_all(people):
    assert [role for role in ROLES if "admin" in scopes_of(role)] == ["owner"]
    assert all(scopes_of(role) for role in ROLES)
