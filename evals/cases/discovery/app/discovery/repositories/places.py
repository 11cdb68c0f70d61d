"""Cities, opening hours, closures and holidays."""

from sqlalchemy import select

from discovery.models import City, Closure, Holiday, OpeningHours, PriceRule


def city_by_slug(session, slug):
    """The city with this slug, or None."""
    return session.query(City).filter(City.slug == slug).first()


def country_of(session, city_id):
    """The country code that decides which public holidays apply."""
    return session.query(City.country_code).filter(City.id == city_id).scalar()


def holiday_on(session, country_code, day):
    """The public holiday of that day, or None."""
    return session.scalars(
        select(Holiday).where(Holiday.country_code == country_code, Holiday.day == day)
    ).first()


def hours_for(session, location_ids):
    """`{(location id, weekday): (opens, closes)}` in minutes."""
    rows = session.execute(
        select(
            OpeningHours.location_id,
            OpeningHours.weekday,
            OpeningHours.opens,
            OpeningHours.closes,
        ).where(OpeningHours.location_id.in_(location_ids))
    )
    return {(row.location_id, row.weekday): (row.opens, row.closes) for row in rows}


def closures_for(session, location_ids, first_day, last_day):
    """`{location id: [closure, ...]}` for closures that touch the days given."""
    found = {}
    rows = session.query(Closure).filter(
        Closure.location_id.in_(location_ids),
        Closure.starts_on <= last_day,
        Closure.ends_on >= first_day,
    )
    for closure in rows:
        found.setdefault(closure.location_id, []).append(closure)
    return found


def price_rules_for(session, location_ids):
    """`{(location id, weekday): percent}`."""
    rows = session.query(PriceRule).filter(PriceRule.location_id.in_(location_ids))
    return {(rule.location_id, rule.weekday): rule.percent for rule in rows}
