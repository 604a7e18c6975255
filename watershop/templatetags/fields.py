"""{% field form.phone %} and {% form_errors form %}: every form of the site looks and speaks the same."""

from typing import Any

from django import forms, template
from django.forms.utils import ErrorList

register = template.Library()


@register.inclusion_tag("_field.html")
def field(field: forms.BoundField, prefix: str = "") -> dict[str, Any]:
    """Label, hint, control and errors of one field; `prefix` (a rupee sign) stands inside the box."""
    is_check = isinstance(field.field.widget, forms.CheckboxInput)
    return {"field": field, "prefix": prefix, "is_check": is_check}


@register.inclusion_tag("_form_errors.html")
def form_errors(form: forms.BaseForm) -> dict[str, ErrorList]:
    """The errors that belong to no single field, as one notice that screen readers announce."""
    return {"errors": form.non_field_errors()}
