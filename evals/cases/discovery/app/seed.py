"""Fill a database with demonstration data: `python seed.py --scale 40`.

Everything in the database is replaced. The same scale always gives the same rows; a scale
of 1 is 12 spaces, every further step adds 12 more and the reservations that go with them.
"""

import argparse
import json
import random
from datetime import date, datetime, timedelta

from sqlalchemy import insert, text
from werkzeug.security import generate_password_hash

from discovery import models
from discovery.config import Config
from discovery.db import build_engine
from discovery.models import Base

FIRST_DAY = date(2026, 3, 2)
HISTORY_DAYS = 15
AHEAD_DAYS = 14
NOW = datetime(2026, 3, 1, 12, 0)
PASSWORD = "discover"
AMENITIES = ("coffee", "daylight", "kitchen", "parking", "shower", "wifi")
ADD_ONS = (
    ("catering", "Catering", 4500),
    ("flipchart", "Flipchart", 500),
    ("locker", "Locker", 0),
    ("projector", "Projector", 1500),
    ("speaker", "Conference speaker", 900),
    ("stage", "Stage", 12000),
    ("whiteboard", "Whiteboard", 400),
    ("zoom", "Zoom kit", 2500),
)
CATEGORIES = ("Hot desk", "Focus room", "Meeting room", "Event space", "Studio")
LOCALES = ("cs", "da", "de", "en", "es", "fi", "fr", "it", "nl", "pl", "pt", "sv")
PAGES = (
    "account",
    "booking",
    "checkout",
    "discovery",
    "invoices",
    "members",
    "partners",
    "privacy",
    "search",
    "support",
    "terms",
    "welcome",
)


def places(blocks):
    """Cities, and three locations a block: ten spaces, one space, one space."""
    yield (
        models.City,
        [
            {"id": 1, "slug": "berlin", "name": "Berlin", "country_code": "DE"},
            {"id": 2, "slug": "hamburg", "name": "Hamburg", "country_code": "DE"},
            {"id": 3, "slug": "vienna", "name": "Vienna", "country_code": "AT"},
            {"id": 4, "slug": "lisbon", "name": "Lisbon", "country_code": "PT"},
        ],
    )
    rows = []
    for block in range(blocks):
        step = block * 0.004
        first = block * 3 + 1
        for offset, (name, city, lat, lng) in enumerate(
            (
                ("Mitte House", 1, 52.52 + step, 13.40),
                ("Annex", 1, 52.49 - step, 13.35),
                ("Dock", 2, 53.54 + step, 9.99),
            )
        ):
            rows.append(
                {
                    "id": first + offset,
                    "city_id": city,
                    "host_id": None if offset == 2 else 3 + block % 5,
                    "name": f"{name} {block + 1}",
                    "address": f"{block + 1} {name} Street" if offset else "",
                    "lat": lat if first + offset != 2 else None,
                    "lng": lng if first + offset != 2 else None,
                    "is_open": True,
                }
            )
    last = rows[-1]["id"]
    rows.append({**rows[0], "id": last + 1, "name": "Prater Loft", "city_id": 3})
    rows.append({**rows[0], "id": last + 2, "name": "Old Mill", "is_open": False})
    yield models.Location, rows
    ids = [row["id"] for row in rows]
    yield (
        models.OpeningHours,
        [
            {
                "location_id": place,
                "weekday": weekday,
                "opens": 480,
                "closes": 1200 - 60 * (place % 2),
            }
            for place in ids
            for weekday in range(6)
        ],
    )
    yield (
        models.PriceRule,
        [
            {"location_id": place, "weekday": weekday, "percent": percent}
            for place in ids
            for weekday, percent in ((0, -10), (4, 15), (5, 25))
        ],
    )
    yield (
        models.Closure,
        [
            {
                "location_id": place,
                "starts_on": FIRST_DAY + timedelta(days=3),
                "ends_on": FIRST_DAY + timedelta(days=3 + place % 2),
                "reason": "maintenance",
            }
            for place in ids[2::9]
        ],
    )
    yield (
        models.Restriction,
        [
            {
                "location_id": place,
                "kind": "noise",
                "note": "no calls in the hall" if place % 4 else None,
            }
            for place in ids[::2]
        ],
    )
    yield (
        models.Holiday,
        [
            {"country_code": code, "day": day, "name": name}
            for code in ("AT", "DE")
            for day, name in (
                (date(2026, 1, 1), "New Year"),
                (date(2026, 4, 3), "Good Friday"),
                (date(2026, 4, 6), "Easter Monday"),
                (date(2026, 5, 1), "Labour Day"),
            )
        ],
    )


def people(blocks):
    """One administrator, one member with access to everything, and ordinary members."""
    password = generate_password_hash(PASSWORD, method="pbkdf2:sha256:20000")
    names = ["admin", "ada", "ben", "cleo", "dana", "eli", "finn", "gus"]
    names += [f"member{number}" for number in range(4 * blocks)]
    yield (
        models.User,
        [
            {
                "id": number,
                "email": f"{name}@nook.example",
                "name": name.capitalize(),
                "password_hash": password,
                "role": "admin" if number == 1 else "member",
                "company": (None, "", "Acme", "Globex")[number % 4],
                "phone": None,
                "contact_synced_at": None if number % 4 == 2 and number < 50 else NOW,
            }
            for number, name in enumerate(names, start=1)
        ],
    )
    memberships = [
        {"user_id": 2, "location_id": None, "plan": "everywhere", "valid_until": None},
        {"user_id": 3, "location_id": 1, "plan": "house", "valid_until": None},
        {"user_id": 4, "location_id": 1, "plan": "house", "valid_until": date(2025, 6, 30)},
    ]
    for number in range(6, len(names) + 1):
        place = number % (3 * blocks) + 1
        memberships.append(
            {"user_id": number, "location_id": place, "plan": "house", "valid_until": None}
        )
    yield models.Membership, memberships
    yield (
        models.DayPass,
        [
            {
                "user_id": number,
                "location_id": (number + offset) % (3 * blocks) + 1,
                "day": FIRST_DAY + timedelta(days=offset),
                "state": ("active", "used", "refunded")[(number + offset) % 3],
            }
            for number in range(2, len(names) + 1)
            for offset in range(7)
        ],
    )
    yield (
        models.Notification,
        [
            {"user_id": number, "text": f"Welcome {name}", "read_at": NOW if number % 3 else None}
            for number, name in enumerate(names, start=1)
            for _ in range(number % 5)
        ],
    )


def spaces(blocks):
    """Ten spaces at the first location of a block and one at each of the others."""
    yield (
        models.Category,
        [
            {"id": number, "slug": name.lower().replace(" ", "-"), "name": name, "position": number}
            for number, name in enumerate(CATEGORIES, start=1)
        ],
    )
    yield (
        models.Amenity,
        [
            {"id": number, "slug": slug, "name": slug.capitalize()}
            for number, slug in enumerate(AMENITIES, start=1)
        ],
    )
    yield (
        models.AddOn,
        [
            {
                "id": number,
                "slug": slug,
                "name": name,
                "price_cents": cents,
                "is_active": slug != "stage",
            }
            for number, (slug, name, cents) in enumerate(ADD_ONS, start=1)
        ],
    )
    rows = []
    for block in range(blocks):
        for place, count in ((1, 10), (2, 1), (3, 1)):
            for index in range(count):
                number = len(rows) + 1
                kind = models.SPACE_KINDS[(0, 0, 1, 1, 0, 2, 1, 0, 2, 1)[index]]
                rows.append(
                    {
                        "id": number,
                        "location_id": block * 3 + place,
                        "category_id": number % 4 + 1,
                        "name": f"{kind.capitalize()} {number % 100:02d}",
                        "kind": kind,
                        "capacity": (4, 1, 6, 8, 12, 40, 10, 2, 80, 16)[number % 10],
                        "price_cents": 900 + (number * 370) % 4100,
                        "position": number * 7 % 50,
                        "is_active": True,
                        "description": f"{kind} number {number}" if number % 3 else None,
                        "listed_on": FIRST_DAY - timedelta(days=number * 13 % 400),
                    }
                )
    for number, unusual in (
        (3, {"capacity": None, "description": ""}),
        (4, {"price_cents": None, "category_id": None}),
        (6, {"price_cents": 0, "position": 0}),
        (8, {"capacity": 0}),
        (9, {"name": "émile's stage"}),
    ):
        rows[number - 1].update(unusual)
    rows.append({**rows[0], "id": len(rows) + 1, "name": "Retired desk", "is_active": False})
    yield models.Space, rows
    yield (
        models.SpaceAddOn,
        [
            {
                "space_id": row["id"],
                "add_on_id": (row["id"] + offset) % 8 + 1,
                "included": offset == 1,
            }
            for row in rows
            if row["id"] != 5
            for offset in range(1 if row["id"] == 7 else 1 + row["id"] % 4)
        ],
    )
    yield (
        models.spaces.space_amenities,
        [
            {"space_id": row["id"], "amenity_id": amenity}
            for row in rows
            for amenity in range(1, row["id"] % 6 + 1)
        ],
    )
    yield (
        models.AddOnStock,
        [
            {
                "location_id": place,
                "add_on_id": add_on,
                "day": FIRST_DAY + timedelta(days=offset),
                "remaining": (place + add_on + offset) % 5,
            }
            for place in range(1, 3 * blocks + 1)
            for add_on in range(1, 6)
            for offset in range(14)
        ],
    )


def activity(blocks):
    """Reservations, reviews and saved spaces."""
    dice = random.Random(20260302)
    members = 8 + 4 * blocks
    bookings, lines = [], []
    for space in range(1, 12 * blocks + 1):
        for offset in range(-HISTORY_DAYS, AHEAD_DAYS):
            minute = 480 + 15 * dice.randrange(8)
            for _ in range(dice.choice((0, 1, 3, 4, 4))):
                length = 15 * dice.randrange(3, 11)
                number = len(bookings) + 1
                bookings.append(
                    {
                        "id": number,
                        "space_id": space,
                        "user_id": dice.randrange(2, members + 1),
                        "day": FIRST_DAY + timedelta(days=offset),
                        "start_minute": minute,
                        "end_minute": minute + length,
                        "seats": dice.choice((1, 1, 2)),
                        "status": dice.choice(("confirmed", "confirmed", "held", "cancelled")),
                        "total_cents": 1000 * -(-length // 60),
                        "note": dice.choice((None, "", "vegetarian lunch")),
                        "created_at": NOW - timedelta(minutes=number % 5000),
                        "synced_at": None if number % 97 == 0 else NOW,
                    }
                )
                if number % 6 == 0:
                    lines.append({"booking_id": number, "add_on_id": number % 8 + 1, "quantity": 1})
                minute += length + 15 * dice.randrange(3)
    yield (
        models.BookingStatus,
        [
            {"code": "held", "label": "Being confirmed"},
            {"code": "confirmed", "label": "Confirmed"},
            {"code": "cancelled", "label": "Cancelled"},
        ],
    )
    yield models.Booking, bookings
    yield models.BookingAddOn, lines
    yield (
        models.Review,
        [
            {
                "space_id": space,
                "user_id": 2 + (space + index) % (members - 1),
                "stars": dice.randrange(1, 6),
                "helpful": dice.randrange(20),
                "text": dice.choice(("", "Bright and calm.", "Good coffee, thin walls.")),
                "created_at": NOW - timedelta(hours=space + index),
            }
            for space in range(1, 12 * blocks + 1)
            for index in range(space % 9)
        ],
    )
    yield (
        models.Favourite,
        [
            {"space_id": space, "user_id": user}
            for space in range(1, 12 * blocks + 1)
            for user in range(2, 2 + space % 5)
        ],
    )


def settings():
    """What the platform team keeps in the database instead of in the code."""
    values = {
        "discovery.horizon_days": 7,
        "discovery.open_on_holidays": False,
        "discovery.page_size": 20,
        "slots.buffer": 10,
        "slots.first": 420,
        "slots.last": 1260,
        "slots.minutes": 15,
        "texts.discovery.found": "These spaces are free for you",
        "texts.discovery.holiday": "We are closed on public holidays",
        "texts.support.line": "+49 30 5550100",
    }
    for locale in LOCALES:
        for page in PAGES:
            values[f"locales.{locale}.{page}.title"] = f"{page} ({locale})"
            values[f"locales.{locale}.{page}.links"] = [
                f"/{locale}/{page}",
                f"/{locale}/{page}/help",
            ]
    yield (
        models.PlatformSetting,
        [{"key": key, "value": json.dumps(value)} for key, value in sorted(values.items())],
    )


def fill(engine, blocks):
    """Replace what is in the database by the rows of a scale. Answers the number of rows."""
    rows_of = {}
    for source in (people(blocks), places(blocks), spaces(blocks), activity(blocks), settings()):
        for target, rows in source:
            rows_of[getattr(target, "__table__", target)] = rows
    with engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            if rows_of[table]:
                connection.execute(insert(table), rows_of[table])
        if connection.dialect.name == "postgresql":
            for table in Base.metadata.sorted_tables:
                if "id" in table.c:
                    connection.execute(
                        text(
                            f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "
                            f"(SELECT COALESCE(MAX(id), 1) FROM {table.name}))"
                        )
                    )
    return sum(len(rows) for rows in rows_of.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=int, default=40, metavar="N", help="blocks of 12 spaces")
    parser.add_argument("--schema-only", action="store_true", help="only create missing tables")
    options = parser.parse_args()
    if options.scale < 1:
        parser.error("--scale starts at 1")
    engine = build_engine(Config.from_environment())
    if options.schema_only:
        Base.metadata.create_all(engine)
        return
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    print(f"{fill(engine, options.scale)} rows")


if __name__ == "__main__":
    main()
