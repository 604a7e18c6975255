"""Who the people of a recording are: known ones are found again, strangers get a code."""

from collections.abc import Sequence

from vision import gallery
from vision.config import VisionConfig
from vision.models import Person
from vision.persons import template
from vision.seen import SeenPerson
from vision.tracking import Tracklet
from watershop.models import Shop


def recognised(shop: Shop, groups: Sequence[list[Tracklet]], config: VisionConfig) -> list[SeenPerson]:
    """The person of each group of tracklets; strangers have no code yet.

    Groups of one known person are put together, unless their faces were seen in one picture: then the nearer
    group is that person and the other is somebody else.
    """
    matches = gallery.identify(shop, [template(group) for group in groups], config)
    wanted = [match.person for match in matches if match.person]
    known = Person.objects.filter(shop=shop).select_related("customer").in_bulk(wanted)
    found: dict[int, SeenPerson] = {}
    people = []
    for group, match in sorted(zip(groups, matches, strict=True), key=lambda pair: pair[1].distance):
        seen = found.get(match.person) if match.person else None
        if seen and not _are_together(seen.tracklets, group):
            seen.tracklets += group
        elif match.person and not seen:
            people.append(SeenPerson(known[match.person], group, match.distance))
            found[match.person] = people[-1]
        else:
            people.append(SeenPerson(Person(shop=shop), group))
    return sorted(people, key=lambda seen: min(tracklet.number for tracklet in seen.tracklets))


def _are_together(some: Sequence[Tracklet], others: Sequence[Tracklet]) -> bool:
    return any(one.is_seen_with(other) for one in some for other in others)


def introduce(shop: Shop, people: Sequence[SeenPerson]) -> None:
    """Give the strangers a code."""
    strangers = [seen.person for seen in people if not seen.person.code]
    for person, code in zip(strangers, Person.next_codes(shop, len(strangers)), strict=True):
        person.code = code
    Person.objects.bulk_create(strangers)
