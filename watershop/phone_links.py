"""Links that open the clerk's own WhatsApp, messages or dialler: nothing is sent from here, no account is needed."""

from urllib.parse import quote

INDIA = "91"  # a number of ten digits is one of India


def _international(phone: str) -> str:
    """The digits of a phone number with the country's in front; "" for no number."""
    digits = phone.lstrip("+")
    return INDIA + digits if phone == digits and len(digits) == 10 else digits


def whatsapp(phone: str, text: str) -> str:
    """A chat with this text in it; without a number WhatsApp asks whom it is for."""
    return f"https://wa.me/{_international(phone)}?text={quote(text)}"


def sms(phone: str, text: str) -> str:
    """A text message; without a number the phone asks whom it is for."""
    number = _international(phone)
    return f"sms:{'+' if number else ''}{number}?body={quote(text)}"


def call(phone: str) -> str:
    return f"tel:+{_international(phone)}"
