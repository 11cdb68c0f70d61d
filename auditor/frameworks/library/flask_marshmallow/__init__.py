"""`ma = Marshmallow()`, whose attributes are the schemas of `marshmallow` and `marshmallow_sqlalchemy`."""

from marshmallow import Schema as _Schema
from marshmallow_sqlalchemy import ModelSchema as _ModelSchema
from marshmallow_sqlalchemy import SQLAlchemyAutoSchema as _SQLAlchemyAutoSchema
from marshmallow_sqlalchemy import SQLAlchemySchema as _SQLAlchemySchema


class Marshmallow:
    class Schema(_Schema):
        pass

    class SQLAlchemySchema(_SQLAlchemySchema):
        pass

    class SQLAlchemyAutoSchema(_SQLAlchemyAutoSchema):
        pass

    class ModelSchema(_ModelSchema):
        pass

    def __init__(self, app=None):
        self.app = app

    def init_app(self, app):
        self.app = app
