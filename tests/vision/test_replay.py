"""Visits asked about again: their own pictures left out, as near as the rule of the search says."""

import numpy as np

from tests.vision.crowd import a_face
from vision.config import Bar
from vision.persons import FAR, Known, search
from vision.replay import BLOCK, Stored, ask_again

NO_IDS = np.zeros(0, np.int64)


def stored(*rows: tuple[float, int, int], denied: tuple[tuple[float, int, int], ...] = ()) -> Stored:
    """Faces as (place on the line, person, visit)."""
    return Stored(
        vectors=np.array([a_face(place) for place, _, _ in rows]),
        persons=np.array([person for _, person, _ in rows]),
        visits=np.array([visit for _, _, visit in rows]),
        shots=np.ones(len(rows), np.int64),
        is_enrolled=np.array([person > 0 for _, person, _ in rows]),
        denied=np.array([a_face(place) for place, _, _ in denied]).reshape(-1, 128),
        denied_for=np.array([person for _, person, _ in denied], np.int64),
        denied_in=np.array([visit for _, _, visit in denied], np.int64),
    )


def test_a_visit_is_nearest_to_the_other_visits_of_its_person() -> None:
    found = ask_again(stored((0.0, 1, 11), (0.2, 1, 12), (1.0, 2, 13)), np.array([11, 12, 13]))
    assert found.persons.tolist() == [1, 1, 1], "the third person has no other visit"
    assert np.allclose(found.distance, [0.2, 0.2, 0.8], atol=1e-3)
    assert np.allclose(found.runner_up, [1.0, 0.8, FAR], atol=1e-3)


def test_the_mean_of_what_is_left_counts_as_well() -> None:
    found = ask_again(stored((0.0, 1, 11), (0.4, 1, 12), (0.2, 1, 13), (0.21, 0, 14)), np.array([13, 14]))
    assert np.allclose(found.distance, [0.0, 0.01], atol=1e-3), "means of two, and of all three"


def test_who_was_denied_is_not_found_but_by_the_visit_of_the_denial_itself() -> None:
    faces = (0.0, 1, 11), (0.3, 0, 12), (0.31, 0, 13)
    denial = ((0.3, 1, 12),)
    found = ask_again(stored(*faces, denied=denial), np.array([12, 13]))
    assert found.persons.tolist() == [1, 0], "a bar is judged by the answer, not by what already forbids it"


def test_without_faces_nobody_is_near() -> None:
    nobody = ask_again(stored((0.0, 1, 11)), np.array([11, 99]))
    assert nobody.persons.tolist() == [0, 0] and not np.isfinite(nobody.distance).any()
    assert ask_again(stored((0.0, 0, 11)), np.array([11])).persons.tolist() == [0]
    assert len(ask_again(stored((0.0, 1, 11)), NO_IDS).persons) == 0


def test_many_visits_are_answered_as_the_search_answers_each() -> None:
    chance = np.random.default_rng(4)
    people, count = 40, BLOCK + 30
    persons = chance.integers(1, people, count)
    centres = chance.normal(0, 0.1, (people, 128)).astype(np.float32)
    vectors = (centres[persons] + chance.normal(0, 0.02, (count, 128))).astype(np.float32)
    visits = np.arange(1, count + 1)
    every = Stored(
        vectors=vectors,
        persons=persons,
        visits=visits,
        shots=np.ones(count, np.int64),
        is_enrolled=np.ones(count, bool),
        denied=np.zeros((0, 128), np.float32),
        denied_for=NO_IDS,
        denied_in=NO_IDS,
    )
    found = ask_again(every, visits)
    for row in (0, 7, BLOCK - 1, BLOCK, count - 1):
        others = visits != visits[row]
        known = Known.of((vectors[others], persons[others]), (np.zeros((0, 128), np.float32), NO_IDS))
        match = search(vectors[row], known, Bar(FAR, FAR, FAR), 0)
        assert match.person == found.persons[row]
        assert np.allclose(
            [match.distance, match.runner_up], [found.distance[row], found.runner_up[row]], atol=1e-3
        )
