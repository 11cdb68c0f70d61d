"""People and what they may do."""

from sqlalchemy import Column, Date, DateTime, ForeignKey, Integer, String, Text

from discovery.models.base import Base


class User(Base):
    __tablename__ = "users"

    id = Column(Integer, primary_key=True)
    email = Column(String(160), unique=True, nullable=False)
    name = Column(String(120), nullable=False)
    password_hash = Column(String(255), nullable=False)
    role = Column(String(20), default="member", nullable=False)
    company = Column(String(120))
    phone = Column(String(40))
    contact_synced_at = Column(DateTime, index=True)


class Membership(Base):
    """Access to one location, or to all of them when `location_id` is empty."""

    __tablename__ = "memberships"

    id = Column(Integer, primary_key=True)
    user_id = Column(ForeignKey("users.id"), nullable=False, index=True)
    location_id = Column(ForeignKey("locations.id"))
    plan = Column(String(40), nullable=False)
    valid_until = Column(Date)


class DayPass(Base):
    __tablename__ = "day_passes"

    id = Column(Integer, primary_key=True)
    user_id = Column(ForeignKey("users.id"), nullable=False)
    location_id = Column(ForeignKey("locations.id"), nullable=False)
    day = Column(Date, nullable=False)
    state = Column(String(20), nullable=False)


class Notification(Base):
    __tablename__ = "notifications"

    id = Column(Integer, primary_key=True)
    user_id = Column(ForeignKey("users.id"), nullable=False, index=True)
    text = Column(Text, nullable=False)
    read_at = Column(DateTime)


class PlatformSetting(Base):
    """One dotted key of the platform's settings; the value is JSON."""

    __tablename__ = "platform_settings"

    id = Column(Integer, primary_key=True)
    key = Column(String(160), unique=True, nullable=False)
    value = Column(Text, nullable=False)
