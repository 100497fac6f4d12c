"""Learning the weights of the blend, choosing models, and what training hands over."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodega.errors import InvalidError
from bodega.recsys.evaluate import evaluate
from bodega.recsys.history import History
from bodega.recsys.interactions import Interactions
from bodega.recsys.learn import learn_blend, split_inside
from bodega.recsys.models.blend import WINDOWS_DAYS, Blend, logs_of
from bodega.recsys.models.copurchase import CoPurchase
from bodega.recsys.models.counts import Counts
from bodega.recsys.models.ease import Ease
from bodega.recsys.models.personal import Personal
from bodega.recsys.models.popularity import Popularity
from bodega.recsys.serving import FROM_OWN_PAST
from bodega.recsys.training import TrainedModel, TrainSettings, train, train_and_judge
from bodega.recsys.tune import SURE, Trial, tune


def shop(*, seed=0, users=150, items=60, days=200, loyal=0.5):
    """Customers of three tastes who come a dozen times and take again what they took with the chance `loyal`."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        taste = np.arange(user % 3, items, 3)
        taken = []
        for visit in np.sort(rng.random(12)) * days:
            for _ in range(3):
                again = taken and rng.random() < loyal
                item = int(rng.choice(taken if again else taste))
                taken.append(item)
                rows.append((user, item, visit))
    user, item, when = zip(*rows, strict=True)
    return Interactions.of(user, item, time=when, n_users=users, n_items=items)


def test_the_split_for_choosing_is_by_time_and_inside_the_data():
    sales = shop()

    learn, held, cut = split_inside(sales, now=sales.end, seed=0)

    assert learn.time.max() < cut <= held.time.min()
    assert len(learn) + len(held) == len(sales)
    assert cut == pytest.approx(sales.end - 28)


def test_a_shop_with_loyal_customers_learns_that_habits_count():
    loyal, fickle = (learn_blend(Blend(), shop(loyal=share), now=200.0) for share in (0.8, 0.0))

    def worth_of_a_repeat(model):
        return model.include.own + model.include.own_count

    assert worth_of_a_repeat(loyal) > worth_of_a_repeat(fickle) + 0.5


def test_learnt_lists_beat_popularity_and_own_items_come_first_in_a_loyal_shop():
    sales = shop(loyal=0.8)
    past, future = sales.split_at(170.0)

    table = train(past, now=170.0).recommender

    ours = evaluate(table, past, future, now=170.0, k=10)
    popular = evaluate(Popularity().fit(past, now=170.0), past, future, now=170.0, k=10)
    assert ours.ndcg.low > popular.ndcg.high
    mine = past.user == 0
    ranked = table.recommend(History(past.item[mine], 170.0 - past.time[mine]), k=3)
    assert (ranked.sources == FROM_OWN_PAST).all()


def tastes(*, seed, users=300, items=400, kinds=8, each=20):
    """Customers who each take of one kind of items, of which few are wanted by many; four fifths are known."""
    rng = np.random.default_rng(seed)
    wanted = 1 / np.arange(1.0, items + 1)
    rows = []
    for user in range(users):
        liked = wanted * (np.arange(items) % kinds == user % kinds)
        rows += [(user, item) for item in rng.choice(items, each, replace=False, p=liked / liked.sum())]
    pairs, known = np.array(rows), rng.random(len(rows)) < 0.8
    return (Interactions.of(*pairs[part].T, n_users=users, n_items=items) for part in (known, ~known))


@pytest.mark.parametrize("table", [CoPurchase(width=16), Ease(width=16)], ids=lambda table: table.name)
def test_weights_learnt_where_popularity_says_little_make_lists_no_worse_than_the_table_alone(table):
    for seed in range(2):
        past, future = tastes(seed=seed)
        blend = learn_blend(Blend(table=table), past, now=0.0)

        alone, blended = (
            evaluate(model.fit(past, now=0.0), past, future, now=0.0, repeat="exclude").ndcg.mean
            for model in (table, blend)
        )

        assert blended > 0.93 * alone


def test_where_nobody_takes_anything_twice_own_items_come_last():
    pairs = [(user, item) for user in range(60) for item in range(user % 2, 20, 2) if (user + item) % 5]
    user, item = zip(*pairs, strict=True)
    once = Interactions.of(user, item)

    ranked = train(once, now=0.0).recommender.recommend(History([0, 2, 4], [0.0, 0.0, 0.0]), k=20)

    assert set(ranked.items[-3:].tolist()) == {0, 2, 4}


def test_learning_is_the_same_every_time():
    sales = shop()

    assert learn_blend(Blend(), sales, now=200.0, seed=1) == learn_blend(Blend(), sales, now=200.0, seed=1)


def test_judging_changes_nothing_that_is_learnt_and_knows_loyal_customers_from_a_list_for_all():
    sales = shop(loyal=0.8)

    trained, worth = train_and_judge(sales, now=200.0)

    assert worth.customers == 61  # half of those who came again in the last weeks
    assert worth.ndcg > worth.popularity_ndcg + 0.1
    for name, array in train(sales, now=200.0).to_arrays().items():
        assert np.array_equal(array, trained.to_arrays()[name]), name


def test_nobody_judges_where_too_few_came_again_or_nothing_is_learnt_from_them():
    few = Interactions.of([0, 0], [0, 1], time=[0, 9])

    assert train_and_judge(few, now=9.0)[1] is None
    assert train_and_judge(shop(), now=200.0, settings=TrainSettings(learn_weights=False))[1] is None


def test_too_little_data_leaves_the_weights_as_they_were():
    for few in (Interactions.of([], []), Interactions.of([0, 0], [0, 1], time=[0, 9])):
        assert learn_blend(Blend(), few, now=9.0) == Blend()


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12), st.floats(0, 400), st.integers(1, 10**6)), max_size=80),
    st.integers(0, 3),
)
@settings(max_examples=40, deadline=None)
def test_any_shop_can_be_trained_and_its_lists_are_whole(events, extra):
    columns = list(zip(*events, strict=True)) or [(), (), (), ()]
    sales = Interactions.of(
        columns[0], columns[1], time=columns[2], quantity=columns[3], n_users=31, n_items=13 + extra
    )

    trained = train(sales, now=300.0)

    again = TrainedModel.from_arrays(trained.to_arrays(), msgspec.json.encode(trained.metadata))
    for history in (History((), ()), History([0, 3, 3], [1.0, 2.0, 300.0])):
        ranked = again.recommender.recommend(history, k=13 + extra)
        assert sorted(ranked.items.tolist()) == list(range(13 + extra))
        assert np.isfinite(ranked.scores).all()


def test_bought_together_is_about_baskets_not_about_customers():
    # Everybody takes 0 with 1 in one basket, and 2 alone, a month later.
    user = np.repeat(np.arange(30), 3)
    item = np.tile([0, 1, 2], 30)
    time = np.tile([0.0, 0.0, 30.0], 30)

    trained = train(Interactions.of(user, item, time=time), now=31.0)

    assert trained.together.similar(0)[0].tolist() == [1]
    assert 2 in trained.recommender.similar(0)[0].tolist()


def test_metadata_of_another_format_or_arrays_of_another_model_are_refused():
    trained = train(shop(users=30), now=200.0)
    arrays, facts = trained.to_arrays(), msgspec.json.encode(trained.metadata)
    older = msgspec.json.encode(msgspec.structs.replace(trained.metadata, format=0))
    smaller = msgspec.json.encode(msgspec.structs.replace(trained.metadata, n_items=5))

    for wrong in (b"", b"{}", b"\xff", older, smaller):
        with pytest.raises(InvalidError):
            TrainedModel.from_arrays(arrays, wrong)
    del arrays["together_weights"]
    with pytest.raises(InvalidError):
        TrainedModel.from_arrays(arrays, facts)


def test_training_needs_a_time():
    with pytest.raises(InvalidError):
        train(shop(users=5), now=float("nan"))


def test_given_weights_are_kept_when_learning_is_off():
    model = Blend(table=CoPurchase(), lean_exclude=(0.0, 0.0, 0.0, 0.0))

    trained = train(shop(users=40), now=200.0, settings=TrainSettings(model=model, learn_weights=False))

    assert trained.metadata.model == model


def test_tuning_stops_in_time_and_keeps_what_nothing_surely_beat():
    # A made-up clock: the first trial takes a second, and so does every look at the clock after it.
    left = iter(np.arange(9.5, -2000, -1))

    tuned = tune(shop(), now=200.0, seconds_left=lambda: next(left), start=[Blend(table=Ease(ridge=1.0))])

    assert len(tuned.trials) == 9
    chosen = next(trial for trial in tuned.trials if trial.model == tuned.model)
    assert not any(trial.beats(chosen, sure=SURE) for trial in tuned.trials)


def test_a_trial_surely_beats_another_only_by_standard_errors_of_what_the_same_customers_gain():
    before = np.linspace(0, 1, 100)
    trials = {
        name: Trial(Blend(), float(ndcgs.mean()), [ndcgs])
        for name, ndcgs in (
            ("first", before),
            ("all a little better", before + 0.01),
            ("one much better, by chance", before + 0.9 * (np.arange(100) == 7)),
        )
    }

    assert trials["all a little better"].beats(trials["first"], sure=SURE)
    assert not trials["one much better, by chance"].beats(trials["first"], sure=SURE)
    assert not trials["first"].beats(trials["first"], sure=SURE)


def test_tuning_gives_back_the_weights_it_was_given_for_all_data_to_teach():
    start = [Blend(lean_include=(0.1, 0.2, 0.3, 0.4))]

    tuned = tune(shop(), now=200.0, seconds_left=lambda: 0.0, start=start)

    assert tuned.model == start[0]


def test_tuning_finds_the_better_of_two_models():
    pair = [Popularity(), Blend()]

    tuned = tune(shop(loyal=0.8), now=200.0, seconds_left=lambda: 9.0, start=pair[:1])
    both = tune(shop(loyal=0.8), now=200.0, seconds_left=iter([9, 9, 9] + [0] * 99).__next__, start=pair)

    assert isinstance(tuned.model, Popularity)
    assert isinstance(both.model, Blend)


def test_tuning_a_shop_without_customers_returns_what_it_started_with():
    tuned = tune(Interactions.of([], []), now=0.0, seconds_left=lambda: 9.0)

    assert (tuned.model, tuned.trials) == (Blend(), [])


def test_log_popularity_has_a_column_a_window_and_rebuying_is_relative_to_the_shop():
    sales = Interactions.of([0, 0, 1, 1], [0, 0, 0, 1], time=[0, 100, 100, 100], n_items=3)

    counts = Counts.of(sales, now=100.0, half_lives=WINDOWS_DAYS)
    logs = logs_of(counts)

    assert logs.shape == (3, 4)
    assert logs[0, 0] == pytest.approx(np.log(2 + 0.3))
    assert logs[2, 3] == pytest.approx(np.log(0 + 2))
    # One of two buyers of item 0 came back for it; over the shop one of three pairs did.
    assert counts.rebuying[0] == pytest.approx(np.log((1 + 10 / 3) / 12 * 3), abs=1e-6)


def test_tuning_returns_popularity_where_nothing_else_is_better():
    # Each took a thing of their own again and again and never comes back for it; then all take the same five.
    rows = [(user, 5 + user, 10.0 * visit) for user in range(40) for visit in range(7)]
    rows += [(user, (user + visit) % 5, 75.0 + 10 * visit) for user in range(40) for visit in range(4)]
    user, item, when = zip(*rows, strict=True)

    tuned = tune(Interactions.of(user, item, time=when), now=105.0, seconds_left=lambda: 0.0, start=[Personal()])

    assert isinstance(tuned.model, Popularity)
    assert tuned.ndcg == tuned.popularity_ndcg > max(trial.ndcg for trial in tuned.trials[1:])
    assert tuned.customers == 20
