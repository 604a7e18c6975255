"""Pages of persons, and every decision about who is who: each makes one call and goes back to where it came from."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, F, Max
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sales.models import Sale
from vision import decisions, pipeline
from vision.alike import lookalikes, suggested_merges
from vision.forms import PersonForm, WhoForm
from vision.models import IdentityEvent, Person, PersonQuerySet, SaleLink, Tracklet, Visit
from vision.showing import back_to
from watershop.audit import Actor
from watershop.models import Right, Role
from watershop.roles import ShopRequest, shop_page

PAGE_SIZE = 48
HISTORY = 20
SALES = 12
KINDS = {
    "": gettext_lazy("All"),
    "unnamed": gettext_lazy("Unnamed"),
    "named": gettext_lazy("Named"),
    "staff": gettext_lazy("Works here"),
    "ignored": gettext_lazy("Does not count"),
}


@shop_page(right=Right.SEE_FACES)
def persons(request: ShopRequest) -> HttpResponse:
    """Everybody who was ever seen, with a picture; who may be twice is asked about first."""
    kind, query = request.GET.get("kind", ""), request.GET.get("q", "").strip()
    found = _of_kind(Person.objects.of(request.shop).shown(), kind)
    counted = found.like(query).with_face().annotate(came=Count("visits"), last_at=Max("visits__entry_at"))
    page = Paginator(counted.order_by(F("last_at").desc(nulls_last=True), "-pk"), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    is_plain = not (kind or query) and page.number == 1
    context = {
        "page": page,
        "query": query,
        "kind": kind,
        "kinds": KINDS,
        "pairs": _pairs(request) if is_plain else [],
        "last": IdentityEvent.objects.last_by(request.user, request.shop),
    }
    return render(request, "vision/persons.html", context)


def _of_kind(people: PersonQuerySet, kind: str) -> PersonQuerySet:
    """The part of the people that a tab shows."""
    match kind:
        case "unnamed":
            return people.undescribed()
        case "named":
            return people.exclude(name="", customer=None)
        case "staff":
            return people.filter(is_shop_staff=True)
        case "ignored":
            return people.filter(is_ignored=True)
    return people


def _pairs(request: ShopRequest) -> list[tuple[Person, Person]]:
    """Who may be one person, with their faces."""
    pairs = suggested_merges(request.shop, pipeline.eye())
    people = Person.objects.with_face().in_bulk({person.pk for pair in pairs for person in pair})
    return [(people[one.pk], people[other.pk]) for one, other in pairs]


@shop_page(right=Right.SEE_FACES)
def person(request: ShopRequest, pk: int) -> HttpResponse:
    """One person: pictures, visits, sales, who they are, who shares the account, and what was decided about them."""
    who = _person(request, pk)
    if who.merged_into_id:
        return redirect("person", request.shop.slug, who.now().pk)
    form = PersonForm(request.POST or None, instance=who, shop=request.shop)
    if request.method == "POST" and form.is_valid():
        try:
            decisions.name(who, form.said(), Actor.of(request), form.agreement())
        except ValidationError as refusal:
            form.add_error("customer", refusal.messages)
        else:
            messages.success(request, _("Saved."))
            return redirect("person", request.shop.slug, pk)
    faces = Tracklet.objects.filter(person=who).exclude(picture="").order_by("-quality", "number")
    nearest = lookalikes(request.shop, who.templates.filter(is_enrolled=True), pipeline.eye())
    people = Person.objects.with_face().in_bulk(nearest)
    context: dict[str, object] = {
        # The form has already written its values into the instance; the head of the page shows the stored name.
        "person": _person(request, pk),
        "last": IdentityEvent.objects.last_by(request.user, request.shop),
        "form": form,
        "faces": Paginator(faces, PAGE_SIZE).get_page(request.GET.get("faces")),
        "page": Paginator(who.visits.all().for_cards(), PAGE_SIZE).get_page(request.GET.get("page")),
        "people": [people[near] for near in nearest],
        "events": IdentityEvent.objects.about(who).for_history()[:HISTORY],
        "sales": _sales(who),
        "household": _household(who),
    }
    return render(request, "vision/person.html", context, status=422 if form.is_bound else 200)


def _sales(who: Person) -> list[tuple[Sale, int | None]]:
    """The newest sales of the person's visits and on their account, each with its visit (id), if there is one."""
    links = SaleLink.objects.filter(visit__person=who).exclude(state=SaleLink.State.REFUSED)
    came = dict(links.order_by("-sale__sold_at").values_list("sale", "visit")[:SALES])
    bought = Sale.objects.of(who.shop).filter(customer=who.customer_id).order_by("-sold_at", "-pk")
    own = bought.values_list("pk", flat=True)[:SALES] if who.customer_id else []
    newest = Sale.objects.with_sums().filter(pk__in={*came, *own}).order_by("-sold_at", "-pk")
    return [(sale, came.get(sale.pk)) for sale in newest.select_related("customer", "void")[:SALES]]


def _household(who: Person) -> PersonQuerySet:
    """The other faces of the same account."""
    others = Person.objects.of(who.shop).with_face().exclude(pk=who.pk)
    return others.filter(customer=who.customer_id, merged_into=None) if who.customer_id else others.none()


def _person(request: ShopRequest, pk: int) -> Person:
    return get_object_or_404(Person.objects.of(request.shop).select_related("customer", "shop"), pk=pk)


@shop_page(right=Right.SEE_FACES, posted_from="person")
def person_merge(request: ShopRequest, pk: int) -> HttpResponse:
    """This person and another (`who`: a code or a name) are one."""
    one, form = _person(request, pk), WhoForm(request.POST, shop=request.shop)

    def merge() -> IdentityEvent:
        return decisions.merge(one, _who(form), Actor.of(request))

    return _decided(request, merge, one)


@shop_page(right=Right.SEE_FACES, posted_from="person")
def person_differ(request: ShopRequest, pk: int) -> HttpResponse:
    """This person and another (`who`) are two, however alike."""
    one, form = _person(request, pk), WhoForm(request.POST, shop=request.shop)

    def tell_apart() -> IdentityEvent:
        return decisions.tell_apart(one, _who(form), Actor.of(request))

    return _decided(request, tell_apart, one)


@shop_page(right=Right.SEE_FACES, posted_from="person")
def person_split(request: ShopRequest, pk: int) -> HttpResponse:
    """The chosen pictures (`face`) are somebody else."""
    who = _person(request, pk)
    return _decided(request, lambda: decisions.split(who, _faces(request), Actor.of(request)), who)


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES, posted_from="person")
def person_forget(request: ShopRequest, pk: int) -> HttpResponse:
    """Pictures, vectors and name go for good."""
    who = _person(request, pk)
    return _decided(request, lambda: decisions.forget(who, Actor.of(request)), who)


@shop_page(right=Right.SEE_FACES, posted_from="visit")
def visit_who(request: ShopRequest, pk: int) -> HttpResponse:
    """Whose a visit is (`do`): the candidate's (yes), not theirs (no), somebody new's, or of whom is named (`who`)."""
    found = get_object_or_404(Visit.objects.of(request.shop).select_related("candidate"), pk=pk)
    actor, form = Actor.of(request), WhoForm(request.POST, shop=request.shop)

    def decide() -> IdentityEvent:
        match request.POST.get("do"):
            case "yes" if found.candidate:
                return decisions.confirm(found, found.candidate, actor)
            case "no":
                return decisions.not_this(found, actor, _faces(request) or None)
            case "new":
                return decisions.confirm(found, None, actor)
            case "is":
                return decisions.confirm(found, _who(form), actor)
        raise ValidationError(_("This was answered already."))

    return _decided(request, decide, found)


@shop_page(right=Right.SEE_FACES, posted_from="persons")
def decision_undo(request: ShopRequest, pk: int) -> HttpResponse:
    """Take a decision back."""
    event = get_object_or_404(IdentityEvent.objects.of(request.shop).for_history(), pk=pk)
    return _decided(request, lambda: decisions.undo(event, Actor.of(request)), event.person)


def _faces(request: ShopRequest) -> list[int]:
    """The tracklets that were ticked."""
    return [int(face) for face in request.POST.getlist("face") if face.isdecimal()]


def _who(form: WhoForm) -> Person:
    if not form.is_valid():
        raise ValidationError(form.errors["who"].as_data())
    found: Person = form.cleaned_data["who"]
    return found


def _decided(
    request: ShopRequest, decide: Callable[[], IdentityEvent], about: Person | Visit
) -> HttpResponse:
    """Decide, say how it went, and go back to the page that asked, or to whom it was about."""
    try:
        event = decide()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        said = _("Taken back.") if event.reverses_id else _("Done. It can be taken back below.")
        messages.success(request, _("Forgotten.") if event.kind == event.Kind.FORGET else said)
    home = "visit" if isinstance(about, Visit) else "person"
    return redirect(back_to(request) or reverse(home, args=[request.shop.slug, about.pk]))
