"""What a schema of `marshmallow_sqlalchemy` reads: what is declared in it, as any schema of `marshmallow` does."""

from marshmallow import Schema


class SQLAlchemySchema(Schema):
    pass


class SQLAlchemyAutoSchema(SQLAlchemySchema):
    pass


class ModelSchema(Schema):
    pass


class TableSchema(Schema):
    pass
