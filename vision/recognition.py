"""Who the people of a recording are: known ones are found again, strangers get a code, the rest stays nobody's."""

from collections.abc import Sequence

from vision import gallery
from vision.config import VisionConfig
from vision.models import Person
from vision.persons import Match, identify
from vision.seen import SeenPerson
from vision.tracking import Tracklet
from watershop.models import Shop


def recognised(shop: Shop, groups: Sequence[list[Tracklet]], config: VisionConfig) -> list[SeenPerson]:
    """The person of each group of tracklets, or who it may be; somebody new has no code yet.

    Groups of one known person are put together, unless their faces were seen in one picture: then the nearer
    group is that person and the other is somebody else.
    """
    known = gallery.known(shop, config.model_id)
    matches = [(identify(group, known, config), group) for group in groups]
    rows = Person.objects.filter(shop=shop).select_related("customer").in_bulk(set(known.owners.tolist()))
    found: dict[int, SeenPerson] = {}
    people = []
    for match, group in sorted(matches, key=lambda pair: pair[0].distance):
        there = [person for person, seen in found.items() if _are_together(seen.tracklets, group)]
        match = identify(group, known, config, but=there) if there else match
        if match.person in found:
            found[match.person].tracklets += group
            continue
        people.append(_seen(shop, group, match, rows, config))
        if match.person:
            found[match.person] = people[-1]
    return in_order(people)


def _are_together(some: Sequence[Tracklet], others: Sequence[Tracklet]) -> bool:
    return any(one.is_seen_with(other) for one in some for other in others)


def _seen(
    shop: Shop, group: list[Tracklet], match: Match, rows: dict[int, Person], config: VisionConfig
) -> SeenPerson:
    if match.person:
        return SeenPerson(group, rows[match.person], distance=match.distance)
    if match.candidate:
        return SeenPerson(group, candidate=rows[match.candidate], distance=match.distance)
    return somebody_new(group, Person(shop=shop), config)


def somebody_new(group: list[Tracklet], person: Person, config: VisionConfig) -> SeenPerson:
    """One who is not known becomes this person, if there are enough good shots to know them by; else nobody."""
    is_enough = sum(len(tracklet.shots) for tracklet in group) >= config.unnamed_shots
    return SeenPerson(group, person if is_enough else None)


def in_order(people: Sequence[SeenPerson]) -> list[SeenPerson]:
    """In the order in which they came."""
    return sorted(people, key=lambda seen: min(tracklet.number for tracklet in seen.tracklets))


def introduce(shop: Shop, people: Sequence[SeenPerson]) -> None:
    """Give the strangers a code."""
    strangers = [seen.person for seen in people if seen.person and not seen.person.code]
    for person, code in zip(strangers, Person.next_codes(shop, len(strangers)), strict=True):
        person.code = code
    Person.objects.bulk_create(strangers)
