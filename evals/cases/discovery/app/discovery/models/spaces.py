"""What can be booked, and what can be booked with it."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import relationship

from discovery.models.base import Base

SPACE_KINDS = ("desk", "room", "event")
SHARED_KINDS = ("desk",)

space_amenities = Table(
    "space_amenities",
    Base.metadata,
    Column("space_id", ForeignKey("spaces.id"), primary_key=True),
    Column("amenity_id", ForeignKey("amenities.id"), primary_key=True),
)


class Category(Base):
    __tablename__ = "categories"

    id = Column(Integer, primary_key=True)
    slug = Column(String(60), unique=True, nullable=False)
    name = Column(String(80), nullable=False)
    position = Column(Integer, default=0, nullable=False)


class Amenity(Base):
    __tablename__ = "amenities"

    id = Column(Integer, primary_key=True)
    slug = Column(String(60), unique=True, nullable=False)
    name = Column(String(80), nullable=False)


class Space(Base):
    __tablename__ = "spaces"

    id = Column(Integer, primary_key=True)
    location_id = Column(ForeignKey("locations.id"), nullable=False, index=True)
    category_id = Column(ForeignKey("categories.id"), index=True)
    name = Column(String(120), nullable=False)
    kind = Column(String(10), nullable=False)
    capacity = Column(Integer)
    price_cents = Column(Integer)
    position = Column(Integer, default=0, nullable=False)
    is_active = Column(Boolean, default=True, nullable=False)
    description = Column(Text)
    listed_on = Column(Date, nullable=False)

    location = relationship("Location", back_populates="spaces")
    category = relationship("Category")
    amenities = relationship("Amenity", secondary=space_amenities, order_by="Amenity.slug")
    add_on_links = relationship("SpaceAddOn", order_by="SpaceAddOn.id")


class AddOn(Base):
    __tablename__ = "add_ons"

    id = Column(Integer, primary_key=True)
    slug = Column(String(60), unique=True, nullable=False)
    name = Column(String(80), nullable=False)
    price_cents = Column(Integer, default=0, nullable=False)
    is_active = Column(Boolean, default=True, nullable=False)


class SpaceAddOn(Base):
    """An add-on that a space offers."""

    __tablename__ = "space_add_ons"

    id = Column(Integer, primary_key=True)
    space_id = Column(ForeignKey("spaces.id"), nullable=False)
    add_on_id = Column(ForeignKey("add_ons.id"), nullable=False)
    included = Column(Boolean, default=False, nullable=False)

    add_on = relationship("AddOn")


class AddOnStock(Base):
    """How many of an add-on a location has left on a day; no row means no limit."""

    __tablename__ = "add_on_stock"

    id = Column(Integer, primary_key=True)
    add_on_id = Column(ForeignKey("add_ons.id"), nullable=False)
    location_id = Column(ForeignKey("locations.id"), nullable=False)
    day = Column(Date, nullable=False)
    remaining = Column(Integer, nullable=False)


class PriceRule(Base):
    """A weekday surcharge or discount at a location, in percent."""

    __tablename__ = "price_rules"

    id = Column(Integer, primary_key=True)
    location_id = Column(ForeignKey("locations.id"), nullable=False, index=True)
    weekday = Column(Integer, nullable=False)
    percent = Column(Integer, nullable=False)


class Review(Base):
    __tablename__ = "reviews"

    id = Column(Integer, primary_key=True)
    space_id = Column(ForeignKey("spaces.id"), nullable=False, index=True)
    user_id = Column(ForeignKey("users.id"), nullable=False)
    stars = Column(Integer, nullable=False)
    helpful = Column(Integer, default=0, nullable=False)
    text = Column(Text, default="")
    created_at = Column(DateTime, nullable=False)

    user = relationship("User")


class Favourite(Base):
    __tablename__ = "favourites"
    __table_args__ = (UniqueConstraint("space_id", "user_id"),)

    id = Column(Integer, primary_key=True)
    space_id = Column(ForeignKey("spaces.id"), nullable=False)
    user_id = Column(ForeignKey("users.id"), nullable=False)
