"""Tables against their formulas, written out plainly in float64 on data small enough to invert by hand."""

import numpy as np
import pytest
from scipy import sparse

from bodega.recsys import tables
from bodega.recsys.decay import decay
from bodega.recsys.interactions import Interactions
from bodega.recsys.models import base, spectral
from bodega.recsys.models.copurchase import CoPurchase
from bodega.recsys.models.ease import Ease, ease_weights
from bodega.recsys.models.spectral import Spectral
from bodega.recsys.tables import top_of_dense, top_of_product, top_of_sparse


def sales(seed=0, users=30, items=12):
    rng = np.random.default_rng(seed)
    user, item = np.nonzero(rng.random((users, items)) < 0.3)
    return Interactions.of(user, item, time=rng.random(user.size) * 100, n_users=users, n_items=items)


def written_out(near, says):
    full = np.zeros((near.shape[0], near.shape[0]))
    for row, (columns, cells) in enumerate(zip(near, says, strict=True)):
        full[row, columns[columns >= 0]] = cells[columns >= 0]
    return full


def positive(matrix):
    matrix = np.where(matrix > 0, matrix, 0)
    np.fill_diagonal(matrix, 0)
    return matrix


@pytest.mark.parametrize("half_life", [0, 40])
def test_ease_is_the_ridge_regression_of_every_item_on_the_others(half_life):
    events = sales()
    values = decay(100 - events.time, half_life)
    taken = events.matrix(values).toarray().astype(np.float64)

    near, says = Ease(ridge=7.0, half_life_days=half_life).learn(events, now=100.0)

    expected = np.zeros((12, 12))
    for item in range(12):
        others = np.delete(taken, item, axis=1)
        gram = others.T @ others + 7.0 * np.eye(11)
        expected[np.arange(12) != item, item] = np.linalg.solve(gram, others.T @ taken[:, item])
    assert written_out(near, says) == pytest.approx(positive(expected), abs=1e-5)


def test_ease_on_part_of_the_items_is_that_of_those_items_alone():
    events = sales()
    popular = np.sort(np.argsort(-events.matrix().sum(axis=0), kind="stable")[:5])

    near, says = Ease(ridge=7.0, most_items=5).learn(events, now=100.0)

    full = written_out(near, says)
    part = ease_weights(events.matrix()[:, popular], 7.0)
    assert full[np.ix_(popular, popular)] == pytest.approx(positive(part), abs=1e-6)
    assert full[popular].sum() == pytest.approx(positive(part).sum(), abs=1e-5)


@pytest.mark.parametrize("compiled", [False, True], ids=["scipy", "compiled"])
@pytest.mark.parametrize("terms", [1, 40, 10**9])
def test_co_purchase_is_its_formula_whatever_the_size_of_a_block_and_whoever_multiplies(terms, compiled, monkeypatch):
    monkeypatch.setattr(tables, "TERMS_AT_ONCE", terms)
    monkeypatch.setattr(tables, "FEWEST_COMPILED", 0 if compiled else 10**12)
    events = sales()
    model = CoPurchase(speaker=0.3, listener=0.8, customer=0.6, power=1.7, half_life_days=50)
    taken = events.matrix(decay(100 - events.time, 50)).toarray().astype(np.float64)

    near, says = model.learn(events, now=100.0)

    by_customer, by_item = taken.sum(axis=1), taken.sum(axis=0)
    middle = np.diag(np.where(by_customer > 0, by_customer, np.inf) ** -0.6)
    expected = (np.diag(by_item**-0.3) @ taken.T @ middle @ taken @ np.diag(by_item**-0.8)) ** 1.7
    assert written_out(near, says) == pytest.approx(positive(expected), rel=1e-4)


@pytest.mark.parametrize("cells", [1, 30, 10**9])
def test_spectral_is_its_formula_whatever_the_size_of_a_block(cells, monkeypatch):
    monkeypatch.setattr(spectral, "CELLS_AT_ONCE", cells)
    events = sales(users=40)

    near, says = Spectral(rank=3, strength=0.5, customer=0.5).learn(events, now=100.0)

    taken = events.matrix().toarray().astype(np.float64)
    by_customer, by_item = np.maximum(taken.sum(axis=1), 1e-12), taken.sum(axis=0)
    scaled = by_customer[:, None] ** -0.5 * taken * by_item[None, :] ** -0.5
    directions = np.linalg.svd(scaled)[2][:3].T
    smooth = (by_item**-0.5)[:, None] * (directions @ directions.T) * (by_item**0.5)[None, :]
    assert written_out(near, says) == pytest.approx(positive(scaled.T @ scaled + 0.5 * smooth), abs=2e-3)


def test_a_user_with_very_many_events_teaches_with_the_newest(monkeypatch):
    monkeypatch.setattr(base, "MOST_TAUGHT", 2)
    events = Interactions.of([0, 0, 0, 1, 1], [0, 1, 2, 0, 1], time=[1, 3, 2, 1, 2])

    assert CoPurchase().taken(events, now=9.0).toarray().tolist() == [[0, 1, 1], [1, 1, 0]]


def test_of_an_items_customers_those_who_took_least_speak_whatever_their_order():
    # Three customers took item 0: those with one and two other items speak, the one with four does not.
    events = Interactions.of([0, 0, 0, 0, 0, 1, 1, 2, 2, 2], [0, 1, 2, 3, 4, 0, 1, 0, 1, 2])

    near, _ = CoPurchase(customer=0, listener=0, asked=2).learn(events, now=0.0)

    assert set(near[0].tolist()) == {1, 2, -1}
    assert set(near[4].tolist()) == {0, 1, 2, 3, -1}


@pytest.mark.parametrize("width", [1, 3, 40])
def test_compiled_products_are_scipys_to_the_last_bit_ties_included(width, monkeypatch):
    rng = np.random.default_rng(width)
    left = sparse.random_array((90, 50), density=0.2, format="csr", rng=rng, dtype=np.float32)
    right = sparse.random_array((50, 70), density=0.2, format="csr", rng=rng, dtype=np.float32)
    left.data[::2], right.data[::2] = 0.5, 0.5
    owners = rng.integers(0, 70, 90).astype(np.int32)

    found = []
    for fewest in (0, 10**9):
        monkeypatch.setattr(tables, "FEWEST_COMPILED", fewest)
        found.append(top_of_product(left, right, width, owners))

    assert np.array_equal(found[0][0], found[1][0])
    assert np.array_equal(found[0][1], found[1][1])
    assert not (found[0][0] == owners[:, None]).any()


def test_a_row_is_cut_to_its_best_cells():
    matrix = np.array([[0, 5, 4, 3], [-1, 0, 0, 2]], dtype=np.float32)

    for cut, given in ((top_of_dense, matrix), (top_of_sparse, sparse.csr_array(matrix))):
        near, cells = cut(given, 2)
        assert near.tolist() == [[1, 2], [3, -1]]
        assert cells.tolist() == [[5, 4], [2, 0]]


def test_ties_in_a_row_go_to_the_lower_column():
    matrix = np.ones((1, 6), dtype=np.float32)

    assert top_of_dense(matrix, 6)[0].tolist() == [[0, 1, 2, 3, 4, 5]]
    assert top_of_sparse(sparse.csr_array(matrix), 6)[0].tolist() == [[0, 1, 2, 3, 4, 5]]
