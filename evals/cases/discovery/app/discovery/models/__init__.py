"""All tables, so that relationships resolve and the schema is complete."""

from discovery.models.accounts import DayPass, Membership, Notification, PlatformSetting, User
from discovery.models.base import Base
from discovery.models.bookings import (
    BLOCKING_STATUSES,
    CANCELLED,
    CONFIRMED,
    HELD,
    Booking,
    BookingAddOn,
    BookingStatus,
)
from discovery.models.places import City, Closure, Holiday, Location, OpeningHours, Restriction
from discovery.models.spaces import (
    SHARED_KINDS,
    SPACE_KINDS,
    AddOn,
    AddOnStock,
    Amenity,
    Category,
    Favourite,
    PriceRule,
    Review,
    Space,
    SpaceAddOn,
)

__all__ = [
    "BLOCKING_STATUSES",
    "CANCELLED",
    "CONFIRMED",
    "HELD",
    "SHARED_KINDS",
    "SPACE_KINDS",
    "AddOn",
    "AddOnStock",
    "Amenity",
    "Base",
    "Booking",
    "BookingAddOn",
    "BookingStatus",
    "Category",
    "City",
    "Closure",
    "DayPass",
    "Favourite",
    "Holiday",
    "Location",
    "Membership",
    "Notification",
    "OpeningHours",
    "PlatformSetting",
    "PriceRule",
    "Restriction",
    "Review",
    "Space",
    "SpaceAddOn",
    "User",
]
