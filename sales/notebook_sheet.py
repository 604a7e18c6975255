"""What stood in the notebook as a table of text: from a CSV or XLSX file or pasted cells, and the template to fill in.

The first row names the columns, in English or any language of the shop: everybody keeps their own words.
"""

import csv
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from io import BytesIO, StringIO
from itertools import islice

from django.utils.translation import gettext as _
from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

MOST_ROWS = 10_000
MOST_COLUMNS = 40
LONGEST_CELL = 200
LARGEST_UNPACKED = 60_000_000  # bytes of XML: an XLSX file is a zip, and a small zip can hold far too much
Table = list[list[str]]

# Each column in each language. `cans` and `price` come once per can size, with its code behind them.
HEADERS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "name": "Name",
        "phone": "Phone",
        "due": "Due",
        "since": "Due since",
        "limit": "Credit limit",
        "language": "Language",
        "cans": "Cans",
        "price": "Price",
    },
    "te": {
        "name": "పేరు",
        "phone": "ఫోన్",
        "due": "బాకీ",
        "since": "బాకీ తేదీ",
        "limit": "అప్పు పరిమితి",
        "language": "భాష",
        "cans": "క్యాన్లు",
        "price": "ధర",
    },
    "hi": {
        "name": "नाम",
        "phone": "फ़ोन",
        "due": "बकाया",
        "since": "बकाया तारीख",
        "limit": "उधार सीमा",
        "language": "भाषा",
        "cans": "कैन",
        "price": "दाम",
    },
    "ta": {
        "name": "பெயர்",
        "phone": "தொலைபேசி",
        "due": "பாக்கி",
        "since": "பாக்கி தேதி",
        "limit": "கடன் வரம்பு",
        "language": "மொழி",
        "cans": "கேன்கள்",
        "price": "விலை",
    },
}
OTHER_WORDS = {
    "customer": "name",
    "customer name": "name",
    "mobile": "phone",
    "phone number": "phone",
    "balance": "due",
    "opening due": "due",
    "since": "since",
    "date": "since",
    "limit": "limit",
}
PER_SIZE = ("cans", "price")


class UnreadableSheetError(Exception):
    """Not a sheet of customers at all; the text is for the person who chose it."""


def read_file(name: str, content: bytes) -> Table:
    """The rows of an XLSX file (by its name) or a CSV file in UTF-8. Raises UnreadableSheetError."""
    return _of_xlsx(content) if name.lower().endswith(".xlsx") else read_text(_decoded(content))


def read_text(text: str) -> Table:
    """The rows of cells copied from a spreadsheet (tabs between them) or of a CSV. Raises UnreadableSheetError."""
    text = text.lstrip("\ufeff\r\n")
    first = text.split("\n", 1)[0]
    try:
        return _capped(csv.reader(StringIO(text, newline=""), delimiter=max("\t,;", key=first.count)))
    except csv.Error as error:
        raise UnreadableSheetError(
            _("The quotation marks don't match, or a value is far too long.")
        ) from error


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableSheetError(_("This file is no CSV in UTF-8 and no XLSX.")) from error


def _of_xlsx(content: bytes) -> Table:
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST_UNPACKED:
                raise UnreadableSheetError(_("This file holds far more than a sheet of customers."))
        book = load_workbook(BytesIO(content), read_only=True, data_only=True)
        try:
            rows = book.worksheets[0].iter_rows(max_col=MOST_COLUMNS, values_only=True)
            return _capped([_as_text(cell) for cell in row] for row in rows)
        finally:
            book.close()
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError) as error:
        raise UnreadableSheetError(_("This XLSX file can't be read. Save it again, or as CSV.")) from error


def _as_text(cell: object) -> str:
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else str(cell)


def _capped(rows: Iterable[Sequence[str]]) -> Table:
    """The rows that hold anything, each cell tidy and of a length that a page can show."""
    filled = (row for row in rows if any(map(str.strip, row)))
    table = [[_tidy(cell) for cell in row[:MOST_COLUMNS]] for row in islice(filled, MOST_ROWS + 2)]
    if len(table) > MOST_ROWS + 1:
        raise UnreadableSheetError(_("More than %(most)s rows. Cut it into parts.") % {"most": MOST_ROWS})
    if len(table) < 2:
        raise UnreadableSheetError(_("There is nothing under the first row, which names the columns."))
    return table


def _tidy(cell: str) -> str:
    return " ".join(cell.replace("\0", "").split())[:LONGEST_CELL]


def columns_of(header: Sequence[str], sizes: Iterable[str]) -> list[str]:
    """What each column means: name, phone, due, since, limit, language, "cans 20L", "price 20L"; "" is not read.

    Raises UnreadableSheetError when no column holds the names, or two mean the same.
    """
    known = dict(_words(sizes))
    found = [known.get(_plain(word), "") for word in header]
    read = [column for column in found if column]
    if "name" not in read:
        raise UnreadableSheetError(_("The first row must name the columns; one of them is the name."))
    if len(read) != len(set(read)):
        raise UnreadableSheetError(_("Two columns of the first row mean the same."))
    return found


def _words(sizes: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each word that a first row may use, plain, and the column that it means."""
    yield from OTHER_WORDS.items()
    codes = list(sizes)
    for words in HEADERS.values():
        for column, word in words.items():
            if column not in PER_SIZE:
                yield _plain(word), column
                continue
            for code in codes:
                yield _plain(f"{word} {code}"), f"{column} {code}"


def _plain(word: str) -> str:
    return " ".join(word.replace("_", " ").casefold().split())


def header(language: str, sizes: Iterable[str]) -> list[str]:
    """The first row of a sheet in this language."""
    words, codes = HEADERS[language], list(sizes)
    fixed = [word for column, word in words.items() if column not in PER_SIZE]
    return fixed + [f"{words[column]} {code}" for column in PER_SIZE for code in codes]


def template(language: str, sizes: Iterable[str]) -> bytes:
    """An empty sheet to fill in, as XLSX."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(header(language, sizes))
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def as_text(table: Table) -> str:
    """The table as cells with tabs between them, as `read_text` reads it."""
    text = StringIO(newline="")
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows(table)
    return text.getvalue()
