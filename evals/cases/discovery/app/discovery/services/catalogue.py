"""Things that are listed: locations, spaces, add-ons, categories."""

from sqlalchemy import exists, func, select
from sqlalchemy.orm import joinedload

from discovery.errors import ApiError, Conflict, NotFound
from discovery.models import SPACE_KINDS, Category, City, Location, Space
from discovery.repositories import add_ons as add_ons_repo, spaces as spaces_repo

ADD_ON_LIMIT = 200
LOCATION_LIMIT = 100


def locations(session, city_slug):
    """Open locations with the number of spaces of each kind."""
    wanted = select(Location).options(joinedload(Location.city)).where(Location.is_open.is_(True))
    if city_slug:
        wanted = wanted.join(Location.city).where(City.slug == city_slug)
    rows = session.scalars(wanted.order_by(Location.name, Location.id).limit(LOCATION_LIMIT)).all()
    counted = session.execute(
        select(Space.location_id, Space.kind, func.count(Space.id))
        .where(Space.location_id.in_([row.id for row in rows]), Space.is_active.is_(True))
        .group_by(Space.location_id, Space.kind)
    )
    counts = {(location_id, kind): number for location_id, kind, number in counted}
    items = []
    for row in rows:
        item = {"id": row.id, "name": row.name, "city": row.city.name, "spaces": {}}
        for kind in SPACE_KINDS:
            item["spaces"][kind] = counts.get((row.id, kind), 0)
        items.append(item)
    return {"items": items}


def space(session, space_id):
    """The page of one space."""
    found = spaces_repo.with_details(session, space_id)
    if found is None:
        raise NotFound("no such space")
    return {
        "id": found.id,
        "name": found.name,
        "kind": found.kind,
        "description": found.description,
        "capacity": found.capacity,
        "price_cents": found.price_cents,
        "category": found.category.name if found.category else None,
        "location": found.location.name,
        "city": found.location.city.name,
        "amenities": [{"slug": item.slug, "name": item.name} for item in found.amenities],
    }


def add_ons(session, words):
    """The add-on catalogue, narrowed to entries that have every word."""
    rows = add_ons_repo.catalogue(session, words.split(), ADD_ON_LIMIT)
    return {
        "items": [
            {"slug": row.slug, "name": row.name, "price_cents": row.price_cents} for row in rows
        ],
        "count": len(rows),
    }


def categories(session):
    """All categories with the number of spaces in each."""
    spaces = func.count(Space.id)
    rows = session.execute(
        select(Category, spaces)
        .outerjoin(Space, Space.category_id == Category.id)
        .group_by(Category.id)
        .order_by(Category.position, Category.id)
    )
    return {"items": [{**_category(row), "spaces": number} for row, number in rows]}


def save_category(session, category_id, payload):
    """Create a category, or change the one with this id."""
    slug, name = str(payload.get("slug") or ""), str(payload.get("name") or "")
    if not slug or not name:
        raise ApiError("slug and name are needed")
    twin = select(Category.id).where(Category.slug == slug)
    if category_id is None:
        row = Category()
        session.add(row)
    else:
        row = session.get(Category, category_id)
        if row is None:
            raise NotFound("no such category")
        twin = twin.where(Category.id != category_id)
    if session.scalar(select(twin.exists())):
        raise Conflict("the slug is taken")
    row.slug, row.name, row.position = slug, name, int(payload.get("position") or 0)
    session.flush()
    return _category(row)


def remove_category(session, category_id):
    """Delete a category that no space uses."""
    row = session.get(Category, category_id)
    if row is None:
        raise NotFound("no such category")
    if session.scalar(select(exists().where(Space.category_id == category_id))):
        raise Conflict("the category is in use")
    session.delete(row)


def _category(row):
    return {"id": row.id, "slug": row.slug, "name": row.name, "position": row.position}


def update_space(session, space_id, payload):
    """Change what visitors see of a space: price, capacity, place in the list, visibility."""
    row = session.get(Space, space_id)
    if row is None:
        raise NotFound("no such space")
    for name in ("price_cents", "capacity", "position"):
        if name in payload:
            value = payload[name]
            if value is None and name == "position":
                raise ApiError("position is needed")
            if value is not None and (not isinstance(value, int) or value < 0):
                raise ApiError(f"{name} has to be a number from 0")
            setattr(row, name, value)
    if "is_active" in payload:
        row.is_active = bool(payload["is_active"])
    return {
        "id": row.id,
        "price_cents": row.price_cents,
        "capacity": row.capacity,
        "position": row.position,
        "is_active": row.is_active,
    }
