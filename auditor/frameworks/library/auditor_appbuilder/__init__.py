"""The pages that Flask-AppBuilder gives a view of a model: what they ask of its table, and which methods of the project's run.

Who may see them the library asks too, with some statements a page, and forms ask for what they offer: neither is told.
"""

from auditor_intrinsics import appbuilder_changed, appbuilder_got, appbuilder_list


def rows(self):
    self.appbuilder.sm.has_access("can_list", self)
    return appbuilder_list(self)


def one(self, pk):
    self.appbuilder.sm.has_access("can_show", self)
    return appbuilder_got(self)


def blank(self):
    self.appbuilder.sm.has_access("can_add", self)
    return self.render_template(self.add_template)


def filled(self, pk):
    self.appbuilder.sm.has_access("can_edit", self)
    return self.render_template(self.edit_template, appbuilder_got(self))


def added(self):
    self.appbuilder.sm.has_access("can_add", self)
    return appbuilder_changed(self, "add", None)


def edited(self, pk):
    self.appbuilder.sm.has_access("can_edit", self)
    return appbuilder_changed(self, "update", appbuilder_got(self))


def deleted(self, pk):
    self.appbuilder.sm.has_access("can_delete", self)
    return appbuilder_changed(self, "delete", appbuilder_got(self))
