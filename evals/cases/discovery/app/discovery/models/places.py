"""Cities, locations and when they are open."""

from sqlalchemy import Boolean, Column, Date, Float, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import relationship

from discovery.models.base import Base


class City(Base):
    __tablename__ = "cities"

    id = Column(Integer, primary_key=True)
    slug = Column(String(60), unique=True, nullable=False)
    name = Column(String(80), nullable=False)
    country_code = Column(String(2), nullable=False)

    locations = relationship("Location", back_populates="city")


class Location(Base):
    __tablename__ = "locations"

    id = Column(Integer, primary_key=True)
    city_id = Column(ForeignKey("cities.id"), nullable=False, index=True)
    host_id = Column(ForeignKey("users.id"))
    name = Column(String(120), nullable=False)
    address = Column(String(200), default="")
    lat = Column(Float)
    lng = Column(Float)
    is_open = Column(Boolean, default=True, nullable=False)

    city = relationship("City", back_populates="locations")
    host = relationship("User")
    hours = relationship("OpeningHours", order_by="OpeningHours.weekday")
    spaces = relationship("Space", back_populates="location")


class OpeningHours(Base):
    """One weekday of a location; minutes since midnight."""

    __tablename__ = "opening_hours"

    id = Column(Integer, primary_key=True)
    location_id = Column(ForeignKey("locations.id"), nullable=False, index=True)
    weekday = Column(Integer, nullable=False)
    opens = Column(Integer, nullable=False)
    closes = Column(Integer, nullable=False)


class Closure(Base):
    """Days on which a location is shut: works, private events."""

    __tablename__ = "closures"

    id = Column(Integer, primary_key=True)
    location_id = Column(ForeignKey("locations.id"), nullable=False, index=True)
    starts_on = Column(Date, nullable=False)
    ends_on = Column(Date, nullable=False)
    reason = Column(String(120), default="")


class Holiday(Base):
    __tablename__ = "holidays"
    __table_args__ = (UniqueConstraint("country_code", "day"),)

    id = Column(Integer, primary_key=True)
    country_code = Column(String(2), nullable=False)
    day = Column(Date, nullable=False)
    name = Column(String(80), nullable=False)


class Restriction(Base):
    """A house rule shown before booking, such as a dress code or a noise limit."""

    __tablename__ = "restrictions"

    id = Column(Integer, primary_key=True)
    location_id = Column(ForeignKey("locations.id"), nullable=False, index=True)
    kind = Column(String(40), nullable=False)
    note = Column(String(200))
