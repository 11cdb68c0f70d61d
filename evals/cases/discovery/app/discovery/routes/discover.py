"""Discovery: the page that mobile and web start with."""

from flask import Blueprint, jsonify, request

from discovery.db import session_scope
from discovery.errors import ApiError
from discovery.services import catalogue
from discovery.services.clock import as_day, as_minute
from discovery.services.discovery import DiscoverParams, discover

bp = Blueprint("discover", __name__)


@bp.get("/discover")
def discover_spaces():
    """Spaces for the visitor: filtered, sorted, with availability and add-ons."""
    params = _read(request.args)
    with session_scope() as session:
        page = discover(session, params)
    return jsonify(page)


@bp.get("/<int:space_id>")
def show_space(space_id):
    """One space."""
    with session_scope() as session:
        page = catalogue.space(session, space_id)
    return jsonify(page)


def _read(args):
    price_from, price_to = _price(args.get("price", ""))
    return DiscoverParams(
        city=args.get("city", "").strip().lower(),
        capacity=args.get("capacity", 0, type=int),
        category=args.get("category", 0, type=int),
        add_ons=_words(args.get("add_ons", "")),
        amenities=_words(args.get("amenities", "")),
        day=as_day(args.get("date", "")),
        window=_window(args.get("window", "")),
        price_from=price_from,
        price_to=price_to,
        lat=args.get("lat", type=float),
        lng=args.get("lng", type=float),
        sort=args.get("sort", ""),
        page=args.get("page", 1, type=int),
        per_page=args.get("per_page", 0, type=int),
    )


def _words(text):
    return [word for word in text.split(",") if word]


def _window(text):
    """`09:00-12:30` as minutes, None when there is none."""
    if not text:
        return None
    start, _, end = text.partition("-")
    return as_minute(start), as_minute(end)


def _price(text):
    """`1000-2500` as cents an hour; either side may be left out."""
    low, _, high = text.partition("-")
    try:
        return int(low or 0), int(high or 0)
    except ValueError:
        raise ApiError(f"not a price range: {text!r}", code="bad_price") from None
