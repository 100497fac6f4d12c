"""Items that read alike."""

import time

import numpy as np
import pytest

from bodega.recsys.models.content import content_neighbours, tf_idf

TEXTS = ["red clay mug", "blue clay mug", "red wool scarf", "blue wool scarf", "unique", "", "wool scarf wool scarf"]


def test_shared_rare_words_make_neighbours_and_none_make_none():
    near, says = content_neighbours(TEXTS, width=3)

    assert near[0, 0] == 1
    assert near[2, 0] == 6
    assert (near[4] == -1).all()
    assert (near[5] == -1).all()
    assert (np.diff(says, axis=1) <= 0).all()
    assert all(row not in near[row] for row in range(len(TEXTS)))


def test_rows_have_length_one_or_none():
    lengths = np.sqrt((tf_idf(TEXTS).toarray() ** 2).sum(axis=1))

    assert lengths == pytest.approx([1, 1, 1, 1, 0, 0, 1], abs=1e-6)


def test_spelling_in_another_unicode_form_is_the_same_word():
    near, says = content_neighbours(["CAFÉ crème", "cafe\u0301 cre\u0300me", "tea green", "tea black"], width=1)

    assert near[:2, 0].tolist() == [1, 0]
    assert says[0, 0] == pytest.approx(1)


def test_a_word_in_every_text_makes_no_neighbours_and_no_time_is_lost_on_it():
    texts = [f"handmade gift item{number // 2}" for number in range(6000)]
    started = time.process_time()

    near, _ = content_neighbours(texts, width=5)

    assert near[:4, 0].tolist() == [1, 0, 3, 2]
    assert (near[:, 1] == -1).all()
    assert time.process_time() - started < 10


def test_no_texts_and_fewer_texts_than_wanted_neighbours_are_fine():
    assert content_neighbours([], width=4)[0].shape == (0, 4)
    assert content_neighbours(["a b"], width=4)[0].tolist() == [[-1] * 4]


def test_an_endless_text_is_cut():
    near, _ = content_neighbours(["word " * 10**6, "other words", "word two"], width=1)

    assert near[0, 0] == 2
