"""What a schema of `marshmallow` reads, as far as cost goes. The rest keeps the names it has there."""

from auditor_intrinsics import dump as _dump
from auditor_intrinsics import load as _load


class Schema:
    def __init__(self, *, only=None, exclude=(), many=False, context=None, load_only=(), **kwargs):
        self.only = only
        self.exclude = exclude
        self.many = many
        self.context = context or {}

    def dump(self, obj, *, many=None):
        return _dump(self, obj, self.many if many is None else many)

    def dumps(self, obj, *args, many=None, **kwargs):
        return _dump(self, obj, self.many if many is None else many)

    def load(self, data, *, many=None, partial=None, unknown=None):
        return _load(self, data)

    def loads(self, json_data, *, many=None, partial=None, unknown=None, **kwargs):
        return _load(self, json_data)

    def validate(self, data, *, many=None, partial=None):
        return _load(self, data)
