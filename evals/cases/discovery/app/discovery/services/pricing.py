"""Prices in cents."""


def hourly(space, day, rules):
    """The price of an hour on a day; None is a price on request."""
    if space.price_cents is None:
        return None
    percent = rules.get((space.location_id, day.weekday()), 0)
    return space.price_cents * (100 + percent) // 100


def total(space, start_minute, end_minute, add_ons):
    """What a reservation costs: started hours, and add-ons as `(add-on, quantity)`."""
    hours = -(-(end_minute - start_minute) // 60)
    extras = sum(add_on.price_cents * quantity for add_on, quantity in add_ons)
    return hours * (space.price_cents or 0) + extras
