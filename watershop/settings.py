"""Every setting of WaterShop, in one file, read from the environment by the typed readers at the top.

`env_secret("X")` also reads the file named by `X_FILE`, so that secrets can live outside the environment.
Importing this file never starts a database; `watershop.database` says which one is meant.
"""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from watershop.database import YES, database_settings, is_demo, var_dir

django_stubs_ext.monkeypatch()


def env_bool(name: str, default: bool = False) -> bool:
    """True for 1, true, yes and on, in any case."""
    value = os.environ.get(name)
    return default if value is None else value.strip().lower() in YES


def env_int(name: str, default: int) -> int:
    """A whole number, or a clear error that names the variable."""
    value = os.environ.get(name)
    try:
        return default if value is None else int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from error


def env_list(name: str, default: str = "") -> list[str]:
    """Comma-separated values without blanks."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def env_secret(name: str) -> str | None:
    """The variable itself, else the content of the file that `<name>_FILE` names, else None."""
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text().strip()
    return None


def smtp_of(url: str) -> tuple[str, int, str, str, bool, bool]:
    """Host, port, user, password, is TLS from the start, is STARTTLS; of smtp:// or smtps://."""
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ImproperlyConfigured("WATERSHOP_EMAIL_URL must look like smtp://user:password@host:587.")
    is_ssl = parts.scheme == "smtps"
    port = parts.port or (465 if is_ssl else 587)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return parts.hostname, port, user, password, is_ssl, not is_ssl and parts.query != "plain=1"


def s3_of(url: str) -> dict[str, Any]:
    """What django-storages asks of an S3-compatible store: s3://key:secret@host/bucket?region=...

    `insecure=1` is for a store in the shop's own network that speaks no TLS. Nothing in it is ever public.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    bucket = parts.path.strip("/")
    if parts.scheme != "s3" or not (parts.hostname and parts.username and parts.password and bucket):
        raise ImproperlyConfigured(
            "WATERSHOP_STORAGE_URL must look like s3://key:secret@host/bucket?region=eu-central-1"
        )
    host = parts.hostname + (f":{parts.port}" if parts.port else "")
    return {
        "access_key": unquote(parts.username),
        "secret_key": unquote(parts.password),
        "endpoint_url": f"{'http' if options.get('insecure') == '1' else 'https'}://{host}",
        "bucket_name": bucket,
        "region_name": options.get("region"),
        "addressing_style": "path",
        "signature_version": "s3v4",
        "default_acl": None,
        "querystring_auth": True,
        "file_overwrite": False,
    }


def cluster(*, timeout: int, workers: int) -> dict[str, Any]:
    """A cluster of the queue whose tasks take so many seconds at most.

    The clock of `retry` starts when a task is fetched, up to queue_limit + 1 tasks before it is begun; its rule is
    checked at each start (watershop/checks.py). It is that of one worker everywhere, for by it each machine's watchdog
    reads when the others fetched a task. Our own Job rows own the attempts (watershop/jobs.py).
    """
    return {
        "workers": workers,
        "timeout": timeout,
        "retry": timeout * (1 + QUEUE_LIMIT + 1) + 30,
        "queue_limit": QUEUE_LIMIT,
        "max_attempts": 1,
        "ack_failures": True,
    }


QUEUE_LIMIT = 1
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = var_dir()
DEBUG = env_bool("WATERSHOP_DEBUG")
DEMO = is_demo()
HTTPS = env_bool("WATERSHOP_HTTPS")


def _own_secret_key() -> str:
    """A key made once per installation and kept beside the data, for shops that set none.

    It appears whole or not at all: of several processes that start at once, the first makes it for all.
    """
    path = VAR_DIR / "secret_key"
    if not path.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=VAR_DIR) as draft, contextlib.suppress(FileExistsError):
            draft.write(secrets.token_urlsafe(50))
            draft.flush()
            os.link(draft.name, path)
    return path.read_text().strip()


SECRET_KEY = env_secret("WATERSHOP_SECRET_KEY") or _own_secret_key()
ALLOWED_HOSTS = env_list("WATERSHOP_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("WATERSHOP_ORIGINS")
# Where the site is found from outside, for links in mail; unset, mail has none.
SITE_ADDRESS = next((origin for origin in CSRF_TRUSTED_ORIGINS if "*" not in origin), "")

INSTALLED_APPS = [
    "watershop.apps.ShopAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "django_q",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "watershop",
    "customers",
    "sales",
    "vision",
    "analytics",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "watershop.locking.DeviceLock",
    "watershop.approvals.StepUp",
]

ROOT_URLCONF = "watershop.urls"
WSGI_APPLICATION = "watershop.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "watershop.navigation.shell",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
        },
    }
]

DATABASES = {"default": database_settings()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "watershop.User"
AUTHENTICATION_BACKENDS = ["watershop.accounts.OneTimePasswordBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("te", _("Telugu")), ("hi", _("Hindi")), ("ta", _("Tamil"))]
LOCALE_PATHS = [BASE_DIR / "watershop" / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "Asia/Kolkata"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
MEDIA_ROOT = VAR_DIR / ("demo-media" if DEMO else "media")
# Who was erased, by ids: outside the database, so that a backup that is brought back brings nobody back.
ERASURE_LOG = VAR_DIR / ("demo-erasures.log" if DEMO else "erasures.log")
# Recordings and faces: in MEDIA_ROOT, or in an S3-compatible store that several machines work from. What is read
# from there lies in CACHE_DIR for a while.
STORAGE_URL = env_secret("WATERSHOP_STORAGE_URL")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": s3_of(STORAGE_URL)}
    if STORAGE_URL
    else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
CACHE_DIR = VAR_DIR / "cache"
CACHE_MAX_BYTES = env_int("WATERSHOP_CACHE_MAX_MB", 20_000) * 1024 * 1024
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
FILE_UPLOAD_PERMISSIONS = 0o600

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 14 * 24 * 3600
if HTTPS:
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env_int("WATERSHOP_HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["knox.auth.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "watershop.api.Pages",
    "EXCEPTION_HANDLER": "watershop.api.problem",
    "COERCE_DECIMAL_TO_STRING": True,
}
REST_KNOX = {"TOKEN_TTL": None, "TOKEN_LIMIT_PER_USER": 20}
SPECTACULAR_SETTINGS = {
    "TITLE": "WaterShop API",
    "DESCRIPTION": "The till, the ledger and the eye of a drinking-water shop. Money is a decimal string in rupees.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "RecordingStateEnum": "vision.models.Recording.State",
        "VisitEdgeEnum": "vision.models.Visit.Edge",
    },
}

VISION_WORKERS = env_int("VISION_WORKERS", os.cpu_count() or 1)
Q_CLUSTER = {
    **cluster(timeout=120, workers=1),
    "name": "default",
    "orm": "default",
    "poll": 0.5,
    "catch_up": False,
    "bulk": 1,
    "save_limit": 50,
    "recycle": 200,
    "label": "Django Q",
    "ALT_CLUSTERS": {
        # A task is one chunk of a recording, which its child process gives up after VisionConfig.chunk_timeout_s.
        "video": {**cluster(timeout=600, workers=VISION_WORKERS), "recycle": 20, "scheduler": False}
    },
}

# So long a worker may be silent before its job is somebody else's; who watches a recording speaks each second.
JOB_LEASE_S = {"default": 120, "video": 60}

# How e-mail leaves: smtp://user:password@host:587 (STARTTLS), smtps://host:465, or smtp://localhost:25?plain=1.
# Practice writes it into files; a real shop without an address has no e-mail, and is told so.
EMAIL_URL = env_secret("WATERSHOP_EMAIL_URL")
HAS_EMAIL = bool(EMAIL_URL) or DEMO or DEBUG
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_URL else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_TIMEOUT = 20
if EMAIL_URL:
    EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_SSL, EMAIL_USE_TLS = smtp_of(
        EMAIL_URL
    )
DEFAULT_FROM_EMAIL = os.environ.get("WATERSHOP_EMAIL_FROM", "watershop@localhost")
# Who carries a message, by its channel; an SMS or WhatsApp provider comes in here (see watershop/adapters.py).
MESSAGE_ADAPTERS = {
    "email": "watershop.adapters.Mail",
    "whatsapp": "watershop.adapters.WhatsAppLink",
    "sms": "watershop.adapters.SmsLink",
    "call": "watershop.adapters.CallLink",
}
# Who looks at a message of a topic once more before it goes out: the floor may not know the rooms above it.
MESSAGE_REVIEWERS = {"dues": "sales.reminders.review", "cans": "sales.reminders.review"}

# The slot of the till page: the URL name of a counter fragment that a higher room provides. Unset, it vanishes.
TILL_COUNTER_URL_NAME: str | None = "counter_tiles"
# The slot of a sale's page: the URL name of the fragment with the visits that it may belong to.
SALE_LINKS_URL_NAME: str | None = "sale_links"
# The slot of a customer's page: the URL name of the fragment that says whether their face is known.
CUSTOMER_FACE_URL_NAME: str | None = "customer_face"
# And where a manager hands out or erases what is kept about them.
CUSTOMER_DATA_URL_NAME: str | None = "customer_data"
# Where a receipt printer may be plugged into this machine; nobody can name another file as a printer.
PRINTER_DEVICES = ("/dev/usb/lp*", "/dev/lp*", "/dev/ttyUSB*", "/dev/ttyACM*")
# What the scheduler starts, by name: the floor may not know the rooms above it.
EVERY_DAY = (
    "watershop.api.forget_answers",
    "watershop.jobs.forget_ended",
    "watershop.outbox.forget_parts",
    "sales.notebook_tasks.forget_sheets",
    "vision.tasks.calibrate_cameras",
    "vision.tasks.delete_what_is_too_old",
    "vision.tasks.estimate_clocks",
    "vision.tasks.link_missed_sales",
    "analytics.tasks.look_for_oddities",
)
EVERY_MINUTE = (
    "watershop.jobs.reap",
    "watershop.outbox.send_due",
    "vision.tasks.settle_recordings",
    "vision.tasks.link_recent_sales",
    "vision.tasks.hint_tenders",
    "vision.tasks.find_cards",
    "vision.tasks.look_into_folders",
    "vision.tasks.keep_within_quotas",
    "vision.tasks.forget_sightings",
    "vision.tasks.forget_closed_visits",
    "analytics.schedules.queue_due",
    "analytics.alerts.look",
    "analytics.tasks.count_waiting_days",
)

# Which network compares faces (dlib, face_recognition or insightface, see docs/vision.md), and what it computes on.
VISION_ENGINE = os.environ.get("VISION_ENGINE", "dlib")
VISION_PROVIDERS = env_list("VISION_PROVIDERS")
VISION_YUNET_MODEL = os.environ.get("VISION_YUNET_MODEL")
VISION_SCRFD_MODEL = os.environ.get("VISION_SCRFD_MODEL")
VISION_ARCFACE_MODEL = os.environ.get("VISION_ARCFACE_MODEL")
VISION_MODEL_DIR = VAR_DIR / "models"
# Segments of live cameras lie here until they are whole; then they are in the storage like any recording.
LIVE_SPOOL = VAR_DIR / "live"
# Network recorders may be watched in folders below this one; unset, there are no watch folders.
WATCH_ROOT = os.environ.get("WATERSHOP_WATCH_ROOT")
# So much of the disk stays free whatever is recorded; unset, 2 GB or a twentieth, whichever is more.
DISK_FLOOR_GB = env_int("WATERSHOP_DISK_FLOOR_GB", 0)
# Whether a camera may be this machine itself: for tests and for trying things out, never where others write addresses.
VISION_ASKS_ITSELF = DEBUG
UPLOAD_MAX_BYTES = env_int("WATERSHOP_UPLOAD_MAX_MB", 4096) * 1024 * 1024

SILENCED_SYSTEM_CHECKS: list[str] = []
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("WATERSHOP_LOG_LEVEL", "WARNING")},
}
