"""One list of behaviours that every model keeps, whatever it learns."""

import io
import time

import msgspec
import numpy as np
import pytest

from bodega.errors import InvalidError
from bodega.recsys.history import NO_HISTORY, History
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.als import Als
from bodega.recsys.models.base import Model
from bodega.recsys.models.blend import Blend
from bodega.recsys.models.copurchase import CoPurchase
from bodega.recsys.models.ease import Ease
from bodega.recsys.models.personal import Personal
from bodega.recsys.models.popularity import Popularity
from bodega.recsys.models.spectral import Spectral
from bodega.recsys.serving import ItemTable, Mix, Repeat

# Small data needs a small ridge; everything else is as shops get it.
ALL = [
    Popularity(),
    Personal(),
    CoPurchase(),
    Ease(ridge=5.0),
    Spectral(),
    Als(regularization=0.1),
    Blend(table=Ease(ridge=5.0)),
    Blend(table=CoPurchase()),
    Blend(table=Spectral()),
    Blend(table=Als(regularization=0.1)),
]
COLLABORATIVE = ALL[2:]


def named(models):
    return pytest.mark.parametrize("model", models, ids=lambda model: f"{model.name}-{ALL.index(model)}")


def checkerboard(users=40, items=12):
    """Even users took the even items and odd users the odd ones; each left one out: (u // 2) of its colour."""
    pairs = [(u, i) for u in range(users) for i in range(items) if u % 2 == i % 2 and i // 2 != (u // 2) % (items // 2)]
    user, item = np.array(pairs).T
    return Interactions.of(user, item, time=np.linspace(0, 30, user.size), n_users=users, n_items=items)


def history_of(interactions, user, now=31.0):
    mine = interactions.user == user
    return History(interactions.item[mine], now - interactions.time[mine])


def saved_and_loaded(table):
    arrays = {}
    for name, array in table.to_arrays().items():
        file = io.BytesIO()
        np.save(file, array, allow_pickle=False)
        file.seek(0)
        arrays[name] = np.load(file, allow_pickle=False)
    mixes = msgspec.json.decode(msgspec.json.encode(table.mixes), type=dict[Repeat, Mix])
    return ItemTable.from_arrays(arrays, mixes)


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@named(COLLABORATIVE)
def test_on_a_checkerboard_the_one_item_left_out_of_a_users_colour_comes_first(model):
    board = checkerboard()
    table = model.fit(board, now=31.0)

    for user in range(board.n_users):
        ranked = table.recommend(history_of(board, user), k=1, repeat="exclude")
        missing = 2 * ((user // 2) % 6) + user % 2
        assert ranked.items.tolist() == [missing]


@named(COLLABORATIVE)
def test_on_a_checkerboard_similar_items_have_the_same_colour(model):
    table = model.fit(checkerboard(), now=31.0)

    for item in range(12):
        near, weights = table.similar(item, k=5)
        assert near.size == 5
        assert set(near.tolist()) == set(range(item % 2, 12, 2)) - {item}
        assert (np.diff(weights) <= 0).all()


@named(COLLABORATIVE)
def test_the_contributors_are_items_of_the_history_and_of_the_right_colour(model):
    board = checkerboard()

    ranked = model.fit(board, now=31.0).recommend(history_of(board, 0), k=1, repeat="exclude")

    named_items = ranked.contributors[0]
    assert (named_items >= 0).all()
    assert set(named_items.tolist()) <= set(history_of(board, 0).items.tolist())


@named(ALL)
def test_a_stranger_gets_what_is_popular(model):
    bought = Interactions.of([0, 1, 2, 0, 1, 0], [3, 3, 3, 1, 1, 0], time=np.arange(6.0), n_items=5)

    ranked = model.fit(bought, now=6.0).recommend(NO_HISTORY, k=3)

    assert ranked.items.tolist() == [3, 1, 0]
    assert (np.diff(ranked.scores) <= 0).all()


@named(ALL)
def test_a_list_has_all_items_once_when_k_is_larger_than_the_catalogue(model):
    board = checkerboard()

    for history in (NO_HISTORY, history_of(board, 1)):
        ranked = model.fit(board, now=31.0).recommend(history, k=1000)
        assert sorted(ranked.items.tolist()) == list(range(12))


@named(ALL)
def test_items_that_are_not_allowed_or_excluded_never_appear_and_do_not_shorten_the_list(model):
    board = checkerboard()
    table = model.fit(board, now=31.0)
    allowed = np.ones(12, dtype=bool)
    allowed[[0, 3, 5, 7]] = False

    for history in (NO_HISTORY, history_of(board, 0), history_of(board, 1)):
        ranked = table.recommend(history, k=6, allowed=allowed, exclude=[1, 2])
        assert ranked.items.size == 6
        assert not set(ranked.items.tolist()) & {0, 1, 2, 3, 5, 7}


@named(ALL)
def test_new_items_only_leaves_the_history_out(model):
    board = checkerboard()
    history = history_of(board, 4)

    ranked = model.fit(board, now=31.0).recommend(history, k=12, repeat="exclude")

    assert set(ranked.items.tolist()) == set(range(12)) - set(history.items.tolist())


@named(ALL)
def test_no_events_and_no_items_are_a_valid_shop(model):
    nothing = Interactions.of([], [], n_users=0, n_items=0)
    unsold = Interactions.of([], [], n_users=3, n_items=4)

    assert model.fit(nothing, now=0.0).recommend(History([5], [1.0]), k=3).items.size == 0
    assert model.fit(unsold, now=0.0).recommend(History([1], [1.0]), k=9).items.size == 4


@named(ALL)
def test_one_user_and_one_item_are_enough(model):
    single = Interactions.of([0], [0], time=[1.0])
    table = model.fit(single, now=2.0)

    assert table.recommend(NO_HISTORY, k=5).items.tolist() == [0]
    assert table.recommend(History([0], [1.0]), k=5, repeat="exclude").items.size == 0
    assert table.similar(0, k=5)[0].size == 0


@named(ALL)
def test_saving_and_loading_changes_no_list(model):
    board = checkerboard()
    table = model.fit(board, now=31.0)
    again = saved_and_loaded(table)

    for repeat in ("include", "exclude"):
        for user in range(4):
            lists = [t.recommend(history_of(board, user), k=8, repeat=repeat) for t in (table, again)]
            assert same(*lists)


@named(ALL)
def test_the_same_events_in_another_order_or_entered_twice_teach_the_same(model):
    board = checkerboard()
    rank = np.tile(np.random.default_rng(0).permutation(len(board)), 2)
    shuffled = Interactions.of(
        board.user[rank], board.item[rank], time=board.time[rank], n_users=board.n_users, n_items=board.n_items
    )

    tables = [model.fit(events, now=31.0).to_arrays() for events in (board, shuffled)]

    assert all(np.array_equal(tables[0][name], tables[1][name]) for name in tables[0])


@named(ALL)
def test_ties_go_to_the_lower_index(model):
    alike = Interactions.of([0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2], time=np.zeros(6), n_items=5)

    ranked = model.fit(alike, now=1.0).recommend(NO_HISTORY, k=5)

    assert ranked.items.tolist() == [0, 1, 2, 3, 4]


@named(ALL)
def test_events_from_the_future_count_as_now(model):
    board = checkerboard()
    table = model.fit(board, now=10.0)

    ranked = table.recommend(History([0, 2], [-1000.0, 3.0]), k=5)

    assert np.isfinite(table.weights).all()
    assert np.isfinite(table.popularity).all()
    assert ranked.items.size == 5
    assert np.isfinite(ranked.scores).all()


@named(ALL)
def test_items_that_the_model_does_not_know_are_passed_over(model):
    board = checkerboard()
    table = model.fit(board, now=31.0)

    known = table.recommend(History([0, 2], [1.0, 2.0]), k=5)
    with_unknown = table.recommend(History([0, 99, 2, 10**9], [1.0, 0.0, 2.0, 0.0]), k=5)

    assert same(known, with_unknown)


@named(ALL)
def test_a_user_with_100_000_events_is_served_in_bounded_time(model):
    rng = np.random.default_rng(1)
    n_items = 800
    user = np.r_[np.zeros(100_000, np.int64), rng.integers(1, 200, 20_000)]
    events = Interactions.of(
        user, rng.integers(0, n_items, user.size), time=rng.random(user.size) * 300, n_items=n_items
    )
    started = time.process_time()
    table = model.fit(events, now=300.0)
    history = history_of(events, 0, now=300.0)

    ranked = table.recommend(history, k=20)

    assert ranked.items.size == 20
    assert time.process_time() - started < 20


@named(ALL)
def test_a_parameter_that_is_no_number_is_refused(model):
    name = next(n for n in model.__struct_fields__ if isinstance(getattr(model, n), float))

    for wrong in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidError):
            type(model)(**{name: wrong})


@named(ALL)
def test_parameters_survive_json(model):
    assert msgspec.json.decode(msgspec.json.encode(model), type=type(model)) == model


@pytest.mark.parametrize(
    "model",
    [Ease(ridge=5.0, most_items=30), Spectral(most_items=30), Als(most_items=30)],
    ids=["ease", "spectral", "als"],
)
def test_items_that_are_too_many_for_a_dense_model_speak_through_co_purchase(model):
    rng = np.random.default_rng(0)
    user, item = np.nonzero(rng.random((200, 60)) < np.where(np.arange(60) < 30, 0.3, 0.1)[None, :])
    sales = Interactions.of(user, item, n_users=200, n_items=60)

    near, says = model.learn(sales, now=0.0)
    heard = np.array([0, 5, 59], dtype=np.int32)
    only, _ = model.learn(sales, now=0.0, heard=heard)

    busiest = np.argsort(-np.bincount(item), kind="stable")
    head, tail = busiest[:30], busiest[30:]
    assert np.isin(near[head], [-1, *head]).all()  # a dense model knows of nothing else
    assert (near[tail] >= 0).any(axis=1).all()
    assert np.isin(near[tail], tail).any()
    assert 0.2 < np.median(says[tail].max(axis=1)) / np.median(says[head].max(axis=1)) < 5
    assert (only[heard] >= 0).any(axis=1).all()


def test_every_model_is_a_model():
    assert all(isinstance(model, Model) for model in ALL)
