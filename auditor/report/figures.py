"""Numbers and shares as people read them."""


def count(number: int, one: str, many: str = "") -> str:
    """`1 file`, `1,220 files`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def share(part: int, whole: int) -> str:
    """`91 %`; never rounded up to 100 or down to 0 where that would hide a rest."""
    if whole <= 0:
        return "0 %"
    if part >= whole:
        return "100 %"
    percent = round(100 * part / whole)
    return f"{min(99, max(1, percent))} %" if part else "0 %"
