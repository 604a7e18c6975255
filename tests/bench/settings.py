"""The shop's settings on a database of its own, with a bare page beside the shop's; static files need no collecting."""

import os

from watershop.settings import *  # noqa: F403
from watershop.settings import DATABASES, STORAGES

ROOT_URLCONF = "tests.bench.urls"
DATABASES["default"]["NAME"] = os.environ.get("WATERSHOP_BENCH_DATABASE") or DATABASES["default"]["NAME"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
