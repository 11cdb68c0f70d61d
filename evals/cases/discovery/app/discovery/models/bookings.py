"""Reservations."""

from sqlalchemy import Column, Date, DateTime, ForeignKey, Integer, String, Text
from sqlalchemy.orm import relationship

from discovery.models.base import Base

HELD = "held"
CONFIRMED = "confirmed"
CANCELLED = "cancelled"
BLOCKING_STATUSES = (HELD, CONFIRMED)


class BookingStatus(Base):
    """What a status is called in front of members."""

    __tablename__ = "booking_statuses"

    code = Column(String(20), primary_key=True)
    label = Column(String(60), nullable=False)


class Booking(Base):
    """One space for one member on one day; minutes since midnight."""

    __tablename__ = "bookings"

    id = Column(Integer, primary_key=True)
    space_id = Column(ForeignKey("spaces.id"), nullable=False)
    user_id = Column(ForeignKey("users.id"), nullable=False, index=True)
    day = Column(Date, nullable=False)
    start_minute = Column(Integer, nullable=False)
    end_minute = Column(Integer, nullable=False)
    seats = Column(Integer, default=1, nullable=False)
    status = Column(String(20), nullable=False)
    total_cents = Column(Integer, default=0, nullable=False)
    note = Column(Text)
    created_at = Column(DateTime, nullable=False)
    synced_at = Column(DateTime, index=True)

    space = relationship("Space")
    user = relationship("User")
    add_ons = relationship("BookingAddOn", back_populates="booking")


class BookingAddOn(Base):
    __tablename__ = "booking_add_ons"

    id = Column(Integer, primary_key=True)
    booking_id = Column(ForeignKey("bookings.id"), nullable=False, index=True)
    add_on_id = Column(ForeignKey("add_ons.id"), nullable=False)
    quantity = Column(Integer, default=1, nullable=False)

    booking = relationship("Booking", back_populates="add_ons")
    add_on = relationship("AddOn")
