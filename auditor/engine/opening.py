"""Opens the tree that a request names, under the settings that the tree itself holds."""

from auditor.config.target import (
    TARGET_FILE,
    TargetSettings,
    load_target_settings,
    parse_target_settings,
)
from auditor.engine.request import AuditRequest, Job
from auditor.model.fault import Fault
from auditor.repo.errors import Unreadable
from auditor.repo.snapshot import Snapshot, open_snapshot


def opened(request: AuditRequest, /) -> Job:
    """The job of `request`; close it. `Fault` when the tree or its settings can't be used."""
    snapshot = open_snapshot(request.path, ref=request.ref)
    try:
        settings = _settings_in(snapshot)
        if settings.exclude:
            snapshot.close()
            snapshot = open_snapshot(request.path, ref=request.ref, exclude=settings.exclude)
    except BaseException:
        snapshot.close()
        raise
    return Job(request=request, settings=settings, snapshot=snapshot)


def _settings_in(snapshot: Snapshot) -> TargetSettings:
    """Those of the commit that is read, or those that lie in the work tree."""
    if snapshot.dirty is None:
        return load_target_settings(snapshot.root)
    file = next((file for file in snapshot.files if file.path == TARGET_FILE), None)
    if file is None:
        return TargetSettings()
    try:
        return parse_target_settings(snapshot.read(file))
    except Unreadable as error:
        raise Fault(error.why, where=TARGET_FILE) from error
