"""Pages of customers: list with search, add, edit. The page of one customer tells of money, so it is in `sales`."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from customers import book
from customers.forms import CustomerEditForm, CustomerForm
from customers.models import Customer
from watershop.audit import Actor
from watershop.roles import ShopRequest, shop_page

PAGE_SIZE = 50


@shop_page()
def customers(request: ShopRequest) -> HttpResponse:
    """Everybody, or those whom the search finds."""
    query = request.GET.get("q", "")
    found = Customer.objects.of(request.shop).search(query).order_by("-is_active", "name", "code")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "customers/customers.html", {"page": page, "query": query})


@shop_page()
def customer_add(request: ShopRequest) -> HttpResponse:
    """A new customer; `?next=till` goes on to sell to them."""
    form = CustomerForm(request.POST or None, initial={"language": request.shop.language})
    if request.method == "POST" and form.is_valid():
        customer = book.add_customer(shop=request.shop, actor=Actor.of(request), **form.cleaned_data)
        messages.success(request, _("%(name)s is %(code)s.") % {"name": customer.name, "code": customer.code})
        if request.GET.get("next") == "till":
            return redirect(f"{reverse('till', args=[request.shop.slug])}?customer={customer.pk}")
        return redirect("customer", request.shop.slug, customer.pk)
    status = 422 if form.is_bound else 200
    return render(request, "customers/customer_add.html", {"form": form}, status=status)


@shop_page()
def customer_edit(request: ShopRequest, pk: int) -> HttpResponse:
    """Change what is known of a customer."""
    customer = get_object_or_404(Customer.objects.of(request.shop), pk=pk)
    form = CustomerEditForm(request.POST or None, instance=customer)
    if request.method == "POST" and form.is_valid():
        try:
            book.change_customer(customer, form.cleaned_data, actor=Actor.of(request))
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("customer", request.shop.slug, customer.pk)
    status = 422 if form.is_bound else 200
    # The form has already written its values into the instance; the head of the page shows the stored name.
    context = {"form": form, "customer": Customer.objects.get(pk=pk)}
    return render(request, "customers/customer_edit.html", context, status=status)
