"""The discovery page: which spaces suit a member, and when they are free."""

import logging
from dataclasses import asdict, dataclass, field
from datetime import date

from discovery.errors import NotFound
from discovery.logs import as_json
from discovery.models import Space
from discovery.repositories import places, spaces as spaces_repo
from discovery.services import add_ons, availability, geo, pricing, settings as settings_service
from discovery.services.clock import days_from

logger = logging.getLogger(__name__)

FAR_AWAY = 1_000_000.0


@dataclass
class DiscoverParams:
    """What the visitor asked for. Empty values leave the choice to us."""

    city: str = ""
    capacity: int = 0
    category: int = 0
    add_ons: list = field(default_factory=list)
    amenities: list = field(default_factory=list)
    day: date = None
    window: tuple = None
    price_from: int = 0
    price_to: int = 0
    lat: float = None
    lng: float = None
    sort: str = ""
    page: int = 1
    per_page: int = 0


def discover(session, params):
    """Answer a discovery request with one page of cards and the facets beside them."""
    settings = settings_service.expand(session)
    city = None
    if params.city:
        city = places.city_by_slug(session, params.city)
        if city is None:
            raise NotFound(f"no such city: {params.city}")

    days = days_from(params.day, settings["discovery"]["horizon_days"])
    spaces = spaces_repo.candidates(session, city).order_by(Space.position, Space.id).all()
    space_ids = [space.id for space in spaces]
    location_ids = list({space.location_id for space in spaces})

    by_price = spaces_repo.candidates(session, city).order_by(Space.price_cents, Space.id).all()
    price_ranks = {space.id: rank for rank, space in enumerate(by_price, start=1)}

    hours = places.hours_for(session, location_ids)
    closures = places.closures_for(session, location_ids, days[0], days[-1])
    rules = places.price_rules_for(session, location_ids)
    ratings = spaces_repo.ratings_for(session, space_ids)
    favourites = spaces_repo.favourite_counts_for(session, space_ids)

    if city is not None:
        country = places.country_of(session, city.id)
        holiday = places.holiday_on(session, country, params.day)
        if holiday is not None and not settings["discovery"]["open_on_holidays"]:
            return _closed(holiday, params, settings)

    cards = []
    for space in spaces:
        card = _card(session, space, params, days, hours, closures, rules, settings)
        card["rating"], card["reviews"] = ratings.get(space.id, (None, 0))
        card["favourites"] = favourites.get(space.id, 0)
        card["price_rank"] = price_ranks[space.id]
        cards.append(card)

    cards = [card for card in cards if _matches(card, params)]
    cards.sort(key=_sort_key(params))
    return _page(cards, params, settings)


def _card(session, space, params, days, hours, closures, rules, settings):
    """Everything a card shows about one space."""
    location = space.location
    context = {
        "space": {"id": space.id, "name": space.name, "kind": space.kind},
        "location": {"id": location.id, "name": location.name},
        "params": asdict(params),
        "settings": settings,
    }
    logger.info("card %s started %s", space.id, as_json(context))

    strip = availability.for_days(
        session, space, days, hours, closures.get(space.location_id, []), settings
    )
    logger.info("card %s availability %s", space.id, as_json(context))

    extras = add_ons.offered(session, space, params.day)
    distance = None
    if params.lat and params.lng:
        distance = geo.distance_km(params.lat, params.lng, location.lat, location.lng)
    card = {
        "id": space.id,
        "name": space.name,
        "kind": space.kind,
        "description": space.description,
        "capacity": space.capacity,
        "category": None,
        "location": {
            "id": location.id,
            "name": location.name,
            "address": location.address,
            "city": location.city.name,
        },
        "amenities": [amenity.slug for amenity in space.amenities],
        "add_ons": extras,
        "availability": strip,
        "price_cents": pricing.hourly(space, params.day, rules),
        "distance_km": distance,
        "listed_on": space.listed_on.isoformat(),
        "position": space.position,
    }
    if space.category is not None:
        card["category"] = {"id": space.category.id, "name": space.category.name}
    logger.info("card %s finished %s", space.id, as_json(context))
    return card


def _matches(card, params):
    """Whether a card passes the visitor's filters."""
    if params.capacity and (card["capacity"] or 0) < params.capacity:
        return False
    if params.category and (card["category"] or {}).get("id") != params.category:
        return False
    price = card["price_cents"]
    if params.price_from and price is not None and price < params.price_from:
        return False
    if params.price_to and price is not None and price > params.price_to:
        return False
    if params.amenities and not set(params.amenities) <= set(card["amenities"]):
        return False
    if params.add_ons and not set(params.add_ons) <= add_ons.in_stock(card["add_ons"]):
        return False
    return not params.window or availability.fits(card["availability"], params.window)


def _sort_key(params):
    """How cards are ordered; ties keep the editors' order."""
    if params.sort == "distance" and params.lat and params.lng:
        return lambda card: FAR_AWAY if card["distance_km"] is None else card["distance_km"]
    if params.sort == "price":
        return lambda card: card["price_rank"]
    if params.sort == "rating":
        return lambda card: (-(card["rating"] or 0), -card["reviews"])
    if params.sort == "newest":
        return lambda card: (-date.fromisoformat(card["listed_on"]).toordinal(), card["id"])
    if params.sort == "name":
        return lambda card: card["name"].casefold()
    return lambda card: (card["position"], card["id"])


def _page(cards, params, settings):
    """One page of cards, with the facets of all that matched."""
    size = min(params.per_page or settings["discovery"]["page_size"], 100)
    number = params.page or 1
    start = (number - 1) * size
    facets = {}
    for card in cards:
        name = card["category"]["name"] if card["category"] else "Other"
        facets[name] = facets.get(name, 0) + 1
    return {
        "items": cards[start : start + size],
        "page": number,
        "per_page": size,
        "total": len(cards),
        "pages": -(-len(cards) // size),
        "facets": {"categories": dict(sorted(facets.items()))},
        "holiday": None,
        "message": settings["texts"]["discovery"]["found"] if cards else None,
    }


def _closed(holiday, params, settings):
    """The answer on a public holiday."""
    return {
        "items": [],
        "page": params.page or 1,
        "per_page": min(params.per_page or settings["discovery"]["page_size"], 100),
        "total": 0,
        "pages": 0,
        "facets": {"categories": {}},
        "holiday": {"name": holiday.name, "day": holiday.day.isoformat()},
        "message": settings["texts"]["discovery"]["holiday"],
    }
