"""Every sentence of the interface is there in Telugu, Hindi and Tamil: nothing untranslated, unsure or forgotten."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

TRANSLATED = [code for code, _name in settings.LANGUAGES if code != "en"]
TOOLS = ("xgettext", "msgmerge", "msguniq", "msgattrib")
LEFT_OUT = shutil.ignore_patterns(".*", "var", "tests", "build", "*.mo", "*.woff2", "__pycache__")


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogues as `makemessages` would make them of the code and templates of today, in a copy."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        reason = f"{', '.join(missing)} not found: apt-get install gettext"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    copy = tmp_path_factory.mktemp("project") / "shop"
    shutil.copytree(settings.BASE_DIR, copy, ignore=LEFT_OUT)
    languages = [f"--locale={code}" for code in TRANSLATED]
    command = [sys.executable, "-m", "django", "makemessages", "--no-obsolete", *languages]
    subprocess.run(
        command, cwd=copy, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(copy)}
    )
    return copy / "watershop" / "locale"


def entries(catalogue: Path, kind: str) -> list[str]:
    """The entries of that kind, as they stand in the file."""
    command = ["msgattrib", "--no-obsolete", "--no-wrap", kind, str(catalogue)]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [entry for entry in found.split("\n\n") if entry.strip() and "Content-Type:" not in entry]


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("kind", ["--untranslated", "--only-fuzzy"])
def test_no_sentence_is_untranslated_or_unsure(catalogues: Path, language: str, kind: str) -> None:
    assert entries(catalogues / language / "LC_MESSAGES" / "django.po", kind) == []
