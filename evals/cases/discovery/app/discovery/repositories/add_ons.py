"""Add-ons: what is sold, what a location has left."""

from sqlalchemy import or_, select

from discovery.models import AddOn, AddOnStock


def active_by_id(session, add_on_ids):
    """`{id: add-on}` of those that are still sold."""
    rows = session.query(AddOn).filter(AddOn.id.in_(add_on_ids), AddOn.is_active.is_(True))
    return {add_on.id: add_on for add_on in rows}


def stock_on(session, location_id, add_on_ids, day):
    """`{add-on id: number left}` at a location on a day; absent means no limit."""
    rows = session.execute(
        select(AddOnStock.add_on_id, AddOnStock.remaining).where(
            AddOnStock.location_id == location_id,
            AddOnStock.add_on_id.in_(add_on_ids),
            AddOnStock.day == day,
        )
    )
    return dict(rows.all())


def by_slug(session, slug):
    """The add-on with this slug, or None."""
    return session.query(AddOn).filter(AddOn.slug == slug, AddOn.is_active.is_(True)).first()


def catalogue(session, terms, limit):
    """Add-ons on sale whose name or slug has every term."""
    query = select(AddOn).where(AddOn.is_active.is_(True))
    for term in terms:
        pattern = f"%{term}%"
        query = query.where(or_(AddOn.name.ilike(pattern), AddOn.slug.ilike(pattern)))
    return session.scalars(query.order_by(AddOn.name, AddOn.id).limit(limit)).all()
