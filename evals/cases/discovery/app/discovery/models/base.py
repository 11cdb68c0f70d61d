"""The declarative base every table hangs on."""

from sqlalchemy.orm import declarative_base

Base = declarative_base()
