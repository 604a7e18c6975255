"""The sales of the shop's CSV as the join sees them: a code, a moment, perhaps a customer."""

from pathlib import Path
from zoneinfo import ZoneInfo

from sales.transactions_csv import BadRow, TransactionsFile, UnreadableFileError
from vision.joining.events import SaleEvent
from vision.joining.tables import UnreadableTable, only_once


def read_sales(path: Path, zone: ZoneInfo) -> list[SaleEvent]:
    """Every sale of the file, in its order. Raises UnreadableTable, which names the line that is wrong."""
    sales = []
    try:
        with TransactionsFile.open(path, zone) as file:
            for row in file.moments():
                if isinstance(row, BadRow):
                    raise UnreadableTable(f"{path.name}, line {row.line}: {row.reason}")
                sales.append(SaleEvent(row.code, row.sold_at.timestamp(), row.customer or None))
    except UnreadableFileError as error:
        raise UnreadableTable(f"{path.name}: {error}") from error
    only_once(path, [str(sale.id) for sale in sales], "transaction_id")
    return sales
