"""What only the admin's pages ask: one finding a cause, below what users wait for."""

import textwrap
from pathlib import Path

import pytest

import auditor.frameworks
from auditor.frameworks import discover
from auditor.frameworks.pyramid_services import locators
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.model.report import Finding
from auditor.model.severity import Severity
from auditor.rules import run_rules
from auditor.rules.scene import Scene
from auditor.trace.analysis import analyse
from auditor.trace.semantics import Semantics, orms_of

LIBRARY = Path(auditor.frameworks.__file__).parent / "library"
MODELS = """
    from django.contrib.contenttypes.fields import GenericForeignKey
    from django.contrib.contenttypes.models import ContentType
    from django.db import models

    class Member(models.Model):
        name = models.CharField(max_length=9)
        created_at = models.DateTimeField(auto_now_add=True)

        def __str__(self):
            return self.name

    class Club(models.Model):
        title = models.CharField(max_length=9)
        head = models.ForeignKey(Member, models.CASCADE, null=True)

        def __str__(self):
            return self.title

    class Room(models.Model):
        club = models.ForeignKey(Club, models.CASCADE, related_name="rooms")
        keeper = models.ForeignKey(Member, models.CASCADE, null=True)

        def __str__(self):
            return f"{self.club}: {self.keeper}"

    class Shift(models.Model):
        member = models.ForeignKey(Member, models.CASCADE)
        created_at = models.DateTimeField(auto_now_add=True)

        def __str__(self):
            return self.member.name

    class Duty(models.Model):
        shift = models.ForeignKey(Shift, models.CASCADE)
        text = models.CharField(max_length=9)

        def __str__(self):
            return self.text

    class Note(models.Model):
        content_type = models.ForeignKey(ContentType, models.CASCADE)
        object_id = models.PositiveIntegerField()
        about = GenericForeignKey("content_type", "object_id")

        def __str__(self):
            return f"on {self.about}"
"""
URLS = """
    import clubs.admin
    import rooms.admin
    from clubs.views import members
    from django.contrib import admin
    from django.urls import path

    urlpatterns = [path("admin/", admin.site.urls), path("members", members)]
"""
VIEWS = """
    from clubs.models import Member
    from django.http import JsonResponse

    def members(request):
        return JsonResponse({"members": [m.name for m in Member.objects.all()]})
"""


def found(rule: str, **admins: str) -> list[Finding]:
    """A rule's findings where `clubs/admin.py` and `rooms/admin.py` say this."""
    files = {
        "clubs/models.py": MODELS,
        "clubs/views.py": VIEWS,
        "urls.py": URLS,
        **{f"{name}/admin.py": text for name, text in admins.items()},
        **{f"{name}/__init__.py": "" for name in ("clubs", "rooms")},
    }
    code = [(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()]
    library = [
        (f"<library>/{f.relative_to(LIBRARY).as_posix()}", "library", lower(f.read_bytes()))
        for f in sorted(LIBRARY.rglob("*.py"))
    ]
    project = Project([*code, *library])
    semantics = Semantics(orms=orms_of(project), locators=locators(project))
    trace = analyse(project, discover(project), knowledge=load(), semantics=semantics)
    return list(run_rules(Scene(trace, load()), select=[rule]))


CLUBS = """
    from clubs.models import Club, Note, Room
    from django.contrib import admin

    class RoomInline(admin.TabularInline):
        model = Room
        raw_id_fields = ["keeper"]

    @admin.register(Club)
    class ClubAdmin(admin.ModelAdmin):
        list_display = ["title", "head"]
        inlines = [RoomInline]
"""
ROOMS = """
    from clubs.models import Note, Room
    from django.contrib import admin

    @admin.register(Room)
    class RoomAdmin(admin.ModelAdmin):
        list_filter = ["keeper"]
        raw_id_fields = ["club"]

    admin.site.register(Note)
"""
NOTHING = "from django.contrib import admin\n"


def test_rows_of_a_model_that_forms_and_filters_offer_are_one_finding_that_users_requests_are_not_part_of() -> (
    None
):
    own, offered = sorted(
        found("unbounded-fetch", clubs=CLUBS, rooms=ROOMS), key=lambda f: f.file, reverse=True
    )
    assert (own.file, own.severity) == ("clubs/views.py", Severity.MEDIUM)
    assert not any("staff" in e.text for e in own.evidence)
    assert offered.title == "every Member is fetched at once; 2 more like it in the admin"
    assert (offered.file, offered.severity) == ("clubs/admin.py", Severity.LOW)
    assert [e.text for e in offered.evidence][-1].startswith("it serves staff")
    assert "autocomplete_fields" in offered.fix
    assert {e.split("/")[3] for e in offered.endpoints} == {"club", "room"}


def test_nothing_of_the_admin_is_told_where_it_offers_and_shows_nothing() -> None:
    (own,) = found("unbounded-fetch", clubs=NOTHING, rooms=NOTHING)
    assert own.file == "clubs/views.py"


def test_what_the_pages_of_a_file_load_row_by_row_is_one_finding_with_the_pages_that_ask_for_it() -> None:
    told = {f.file: f for f in found("lazy-load-in-loop", clubs=CLUBS, rooms=ROOMS)}
    assert sorted(told) == ["clubs/admin.py", "rooms/admin.py"]
    assert told["clubs/admin.py"].title.endswith("; 1 more like it in the admin")
    assert not any("/add/" in e for e in told["clubs/admin.py"].endpoints), (
        "a club to come has no rooms to show"
    )
    assert told["rooms/admin.py"].severity == Severity.LOW


def test_rows_of_any_model_are_not_to_be_joined() -> None:
    bare = "from clubs.models import Note\nfrom django.contrib import admin\nadmin.site.register(Note)\n"
    (one,) = found("lazy-load-in-loop", clubs=NOTHING, rooms=bare)
    assert "about" in one.subject
    assert "prefetch_related" in one.fix
    assert "select_related" not in one.fix


def test_rows_that_ask_anew_where_they_are_offered_are_told_once() -> None:
    rooms = "from clubs.models import Duty\nfrom django.contrib import admin\nadmin.site.register(Duty)\n"
    assert [f.file for f in found("unbounded-fetch", clubs=NOTHING, rooms=rooms)] == ["clubs/views.py"]
    (one,) = found("lazy-load-in-loop", clubs=NOTHING, rooms=rooms)
    assert (one.function, one.severity) == ("rooms.admin.DutyAdmin.fields", Severity.MEDIUM)
    assert "autocomplete_fields" in one.fix


@pytest.mark.parametrize(
    ("option", "files"),
    [
        ('"keeper"', {"clubs/views.py", "rooms/admin.py"}),
        ('("keeper", admin.RelatedFieldListFilter)', {"clubs/views.py", "rooms/admin.py"}),
        ('("keeper", admin.RelatedOnlyFieldListFilter)', {"clubs/views.py"}),
    ],
)
def test_a_filter_that_offers_only_rows_in_use_does_not_fetch_all_of_them(
    option: str, files: set[str]
) -> None:
    rooms = ROOMS.replace('["keeper"]', f"[{option}]").replace('["club"]', '["club", "keeper"]')
    assert {f.file for f in found("unbounded-fetch", clubs=NOTHING, rooms=rooms)} == files
