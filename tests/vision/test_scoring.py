"""How right the eye was: figures worked out by hand, and tables that cannot be compared."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from vision.scoring import ScoredVisit, score

TRUTH = """person,entry_s,exit_s,duration_s,min_face_px,max_face_px
Asha,10.00,40.00,30.00,50,70
Bala,20.00,50.00,30.00,50,70
Asha,300.00,330.00,30.00,50,70
"""
LOG = """visit_id,person,entry_time,exit_time,entry_s,exit_s
V_0001,P_0001,2025-12-14T09:00:11+05:30,2025-12-14T09:00:39+05:30,11.0,39.0
V_0002,body-1,2025-12-14T09:00:20+05:30,2025-12-14T09:00:52+05:30,20.0,52.0
V_0003,P_0001,2025-12-14T09:05:02+05:30,2025-12-14T09:05:28+05:30,302.0,328.0
"""


def one_by_one(people: Sequence[str | None]) -> list[ScoredVisit]:
    """Visits of twenty seconds, one after the other."""
    return [ScoredVisit(person, 100.0 * n, 100.0 * n + 20) for n, person in enumerate(people)]


def test_visits_match_when_entry_and_exit_are_within_five_seconds() -> None:
    truth = [ScoredVisit("A", 10, 40), ScoredVisit("B", 100, 130), ScoredVisit("C", 200, 230)]
    found = [ScoredVisit("1", 15, 35), ScoredVisit("1", 100, 135.1), ScoredVisit("3", 400, 410)]
    visits = score(found, truth).visits
    assert (visits.matched, visits.found, visits.true) == (1, 3, 3)
    assert visits.rates.f1 == pytest.approx(1 / 3)


def test_matching_finds_as_many_pairs_as_there_can_be() -> None:
    # The first found visit is nearest to the second true one, which the second found one needs.
    truth = [ScoredVisit("A", 0, 20), ScoredVisit("B", 4, 24)]
    found = [ScoredVisit("1", 3, 23), ScoredVisit("2", 8, 28)]
    assert score(found, truth).visits.matched == 2


def test_identity_figures_are_those_worked_out_by_hand() -> None:
    found = one_by_one(["1", "1", "1", "1", "2", "2"])
    identity = score(found, one_by_one(["A", "A", "A", "B", "B", "C"])).identity
    # Precision: three items with 3/4, one with 1/4, two with 1/2. Recall: 1, 1, 1, 1/2, 1/2, 1.
    assert identity.bcubed.precision == pytest.approx((3 * 3 / 4 + 1 / 4 + 2 / 2) / 6)
    assert identity.bcubed.recall == pytest.approx(5 / 6)
    # Pairs: 7 are of one person as found, 4 in truth, 3 in both.
    assert (identity.pairwise.precision, identity.pairwise.recall) == pytest.approx((3 / 7, 3 / 4))
    assert identity.pairwise.f1 == pytest.approx(6 / 11)
    assert identity.accuracy == pytest.approx(4 / 6)
    # Person 1 is A: one visit bears a wrong name. Person 2 is B as much as C: one of them.
    assert identity.wrong_name_rate == pytest.approx(2 / 6)


def test_a_perfect_log_has_perfect_figures() -> None:
    result = score(one_by_one(["1", "2", "1"]), one_by_one(["A", "B", "A"]))
    assert result.visits.rates.f1 == result.identity.bcubed.f1 == result.identity.pairwise.f1 == 1
    assert (result.identity.wrong_name_rate, result.customers.error) == (0, 0)
    assert (result.open_set.fpir, result.open_set.fnir) == (0, 0)
    assert result.failure_to_acquire.rate == 0


def test_a_visit_belongs_to_whom_it_shares_most_of_its_time_with() -> None:
    # B is there all the time that A is, and longer: A's visit must not count as B's.
    truth = [ScoredVisit("A", 20, 40), ScoredVisit("B", 0, 90)]
    found = [ScoredVisit("1", 12, 41), ScoredVisit("2", 0, 80)]
    result = score(found, truth)
    assert result.visits.matched == 0 and result.identity.wrong_name_rate == 0
    assert result.failure_to_acquire.rate == 0


def test_first_visits_and_returns_are_searches_among_those_before() -> None:
    truth = one_by_one(["A", "B", "A", "B", "C", "D"])
    found = one_by_one(["1", "2", "1", "3", "1", "4"])
    open_set = score(found, truth).open_set
    # C is taken for 1; B comes back as a stranger.
    assert (open_set.first_visits, open_set.fpir) == (4, 0.25)
    assert (open_set.returns, open_set.fnir) == (2, 0.5)


def test_who_is_never_seen_or_never_known_is_said_apart() -> None:
    truth = one_by_one(["A", "B", "C", "D"])
    found = one_by_one(["1", None, "2"])
    result = score(found, truth)
    assert (result.failure_to_acquire.without_visit, result.failure_to_acquire.without_identity) == (1, 1)
    assert result.failure_to_acquire.rate == 0.5
    assert (result.identity.visits, result.customers.error) == (2, -2)


def test_a_visit_of_nobody_is_wrong_under_the_name_of_somebody() -> None:
    found = [*one_by_one(["1", "1"]), ScoredVisit("1", 900, 910), ScoredVisit("2", 950, 960)]
    result = score(found, one_by_one(["A", "A"]))
    assert result.identity.wrong_name_rate == 0.25
    assert (result.open_set.first_visits, result.open_set.fpir) == (3, 1 / 3)


def test_without_visits_there_is_nothing_to_take_a_share_of() -> None:
    result = score([], one_by_one(["A"]))
    assert (result.visits.rates.precision, result.visits.rates.recall, result.visits.rates.f1) == (None, 0, 0)
    assert result.identity.bcubed.f1 is None and result.failure_to_acquire.rate == 1


@pytest.fixture
def tables(tmp_path: Path) -> tuple[str, ...]:
    """The options that name a truth and a visit log."""
    (tmp_path / "truth.csv").write_text(TRUTH)
    (tmp_path / "visit_log.csv").write_text(LOG)
    return "--truth", str(tmp_path / "truth.csv"), "--visits", str(tmp_path / "visit_log.csv")


def test_the_command_prints_the_figures_as_json(
    tables: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("score_visits", *tables)
    plain = json.loads(capsys.readouterr().out)
    call_command("score_visits", *tables, "--bodies")
    with_bodies = json.loads(capsys.readouterr().out)
    assert plain["visits"]["rates"] == {"precision": 1.0, "recall": 2 / 3, "f1": 0.8}
    assert plain["failure_to_acquire"] == {"without_visit": 1, "without_identity": 0, "rate": 1 / 3}
    assert with_bodies["visits"]["rates"]["f1"] == 1.0
    assert with_bodies["failure_to_acquire"]["without_identity"] == 1
    assert with_bodies["identity"] == plain["identity"]


def test_times_of_day_count_from_the_start(
    tables: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for start, matched in (
        ("2025-12-14T09:00:00", 2),
        ("2025-12-14T03:30:00+00:00", 2),
        ("2025-12-14T09:00:09", 0),
    ):
        call_command("score_visits", *tables, "--started-at", start)
        assert json.loads(capsys.readouterr().out)["visits"]["matched"] == matched


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("person,entry_s\nP_0001,1\n", "no column exit_s"),
        ("person,entry_s,exit_s\nP_0001,1,2\nP_0001,soon,3\n", "line 3: could not convert string"),
        ("person,entry_s,exit_s\nP_0001,1\n", "line 2: could not convert"),
        ("person,entry_s,exit_s\nP_0001,9,2\n", "line 2: the exit is before the entry"),
        ("person,entry_s,exit_s\nP_0001,1,nan\n", "line 2: the exit is before the entry"),
        ("\udcff", "cannot be read as a table"),
    ],
)
def test_a_table_that_is_none_is_refused_with_the_place(tables: tuple[str, ...], log: str, said: str) -> None:
    Path(tables[3]).write_bytes(log.encode(errors="surrogateescape"))
    with pytest.raises(CommandError, match=said):
        call_command("score_visits", *tables)


def test_a_file_that_is_not_there_is_said_so(tables: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match=r"nowhere\.csv"):
        call_command("score_visits", "--truth", "nowhere.csv", *tables[2:])
