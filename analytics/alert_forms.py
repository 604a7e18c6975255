"""The forms of an alert rule: its kind is chosen once, the rest can be changed."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from analytics.alert_limits import limit_for
from analytics.models import AlertRule


class RuleForm(forms.ModelForm[AlertRule]):
    """The limit of a rule, and who is written to. Left empty, the limit is the usual one of its kind."""

    class Meta:
        model = AlertRule
        fields: ClassVar = ["limit", "to", "language"]
        help_texts: ClassVar = {"limit": _("empty: the usual one")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit = self.instance.limit
        if limit is not None and limit == limit.to_integral_value():
            self.initial["limit"] = int(limit)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind = data.get("kind", self.instance.kind)
        if kind and "limit" in data:
            try:
                data["limit"] = limit_for(kind, data["limit"])
            except ValidationError as refusal:
                self.add_error("limit", refusal)
        return data


class NewRuleForm(RuleForm):
    """What to be told of, too."""

    class Meta(RuleForm.Meta):
        fields: ClassVar = ["kind", "limit", "to", "language"]
