"""Loops over the rows that something names: the accounts of one address, the profiles of one key. Mostly there is one.

A unique column finds one row at most; a column that is called like what names one thing finds hardly ever more,
whether or not the model says so.
"""

import re
from collections.abc import Sequence
from typing import Final

from auditor.index.values import Many, Query
from auditor.trace.summary import Loop

_EXACT: Final = frozenset({"exact", "iexact"})
_NAMING: Final = re.compile(
    r"^(e_?mail|mail|email_address|username|user_name|login|uuid|guid|slug|token|sha\d*|md5|etag|fingerprint)$"
    r"|_(e?mail|email_address|username|uuid|guid|slug|token|sha\d+|md5|hash|checksum|digest|fingerprint)$"
    r"|^(hash|checksum|digest)$|^(?!foreign_|sort_|group_|partition_|cache_|routing_)\w+_key$",
    re.IGNORECASE,
)
"""Columns whose values name one thing; the last alternative is keys that are handed out: `activation_key`."""
_DOUBT: Final = 0.35
SURE: Final = 1.0


def doubt(loops: Sequence[Loop]) -> float:
    """What confidence loses because the only loop around mostly turns once; `SURE` where it can't turn twice."""
    if len(loops) != 1:
        return 0.0
    over = loops[0].over
    query = over.source if isinstance(over, Many) else over
    if not isinstance(query, Query):
        return 0.0
    named = [name for name, lookup in query.filters if lookup in _EXACT and "." not in name]
    columns = query.model.columns
    if any(name in columns and columns[name].unique for name in named):
        return SURE
    return _DOUBT if any(_NAMING.search(name) for name in named) else 0.0
