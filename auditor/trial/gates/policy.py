"""`policy`: what no change may do, whatever it promises.

A patch may not judge itself (tests, CI, the audit's own settings), reach behind the language (`sys`, `gc`, `ctypes`, …), write what it is
handed into the text of a query, take away what is there for a bad day, or change what is not part of it. What it adds is looked at, not what stood there before.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from auditor.model.trial import GateResult
from auditor.repo.roles import role_of_path
from auditor.repo.source import Role
from auditor.trial.candidate import Candidate
from auditor.trial.constraints.edited import Edited
from auditor.trial.libraries import stands_for
from auditor.trial.loosened import loosened
from auditor.trial.written_queries import written_into_queries

_MODULES: Final = frozenset(
    "sys gc ctypes cffi importlib imp inspect builtins code codeop marshal pickle shelve dill cloudpickle subprocess pty socket ssl "
    "socketserver signal resource mmap faulthandler tracemalloc atexit site runpy zipimport pkgutil sitecustomize usercustomize".split()
)
"""What reaches behind the application: its interpreter, other processes, the network."""
_CALLS: Final = frozenset("eval exec compile __import__ globals setattr delattr breakpoint input".split())
_OS_CALLS: Final = re.compile(
    r"^(system|popen|exec\w*|spawn\w*|fork\w*|kill\w*|_exit|putenv|unsetenv|posix_spawn\w*|environ)$"
)
_NAMES: Final = frozenset(
    "__code__ __globals__ __builtins__ __subclasses__ __closure__ _getframe f_back f_globals tb_frame".split()
)
_PROTECTED: Final = (
    (re.compile(r"(^|/)\.(github|gitlab|circleci|buildkite|woodpecker|azure-pipelines)(/|$)"), "CI"),
    (re.compile(r"(^|/)(\.gitlab-ci|\.travis|azure-pipelines|bitbucket-pipelines|appveyor|\.drone)\.ya?ml$|(^|/)Jenkinsfile"), "CI"),
    (re.compile(r"(^|/)(auditor\.toml|pyproject\.toml|setup\.(py|cfg)|tox\.ini|noxfile\.py|pytest\.ini|\.coveragerc)$"), "tooling"),
    (re.compile(r"(^|/)(requirements(/[^/]+|[^/]*)\.(txt|in)|Pipfile|[^/]+\.lock|constraints[^/]*\.txt|environment\.ya?ml)$"), "dependencies"),
    (re.compile(r"(^|/)(Dockerfile[^/]*|Containerfile|[^/]*compose[^/]*\.ya?ml|Procfile|Makefile|[^/]+\.service)$"), "deployment"),
    (re.compile(r"(^|/)seed[^/]*\.py$"), "seed"),
    (re.compile(r"(^|/)(gunicorn[^/]*\.py|uwsgi\.ini|supervisord?\.conf|nginx\.conf|conftest\.py|sitecustomize\.py)$"), "the run"),
    (re.compile(r"(^|/)\.env[^/]*$|\.(pem|key|crt)$|(^|/)\.[^/]+$"), "configuration"),
)  # fmt: skip
_ROLES: Final[dict[Role, str]] = {
    "test": "test",
    "migration": "migration",
    "vendored": "vendored",
    "generated": "generated",
}


def check_policy(
    candidate: Candidate, /, *, started_by: Mapping[str, str] = {}, libraries: AbstractSet[str] = frozenset()
) -> GateResult:
    """Refused for the first thing that may not be done; all of them are evidence.

    `started_by` are the modules that the server's configuration calls on: `auditor.trial.startup`. `libraries` are top-level names
    that are none of the target's: `auditor.trial.libraries`.
    """
    found = [
        text
        for file in candidate.files
        for text in (*_problems(candidate, file, started_by), *_instead(file, libraries))
    ]
    if not found:
        return GateResult(gate="policy", outcome="passed", text="it does nothing that no change may do")
    return GateResult(
        gate="policy", outcome="refused", text=found[0], evidence=tuple(found), signature=f"policy:{found[0]}"
    )


def _problems(candidate: Candidate, file: Edited, started_by: Mapping[str, str]) -> Iterator[str]:
    if candidate.allowed and file.path not in candidate.allowed:
        yield f"{file.path}: is no file of this change"
    kind = protected_kind(file.path, file.before or file.after)
    if kind is not None and kind not in candidate.may_touch:
        yield f"{file.path}: is protected ({kind})"
    if file.path in started_by and "the run" not in candidate.may_touch:
        yield f"{file.path}: is protected (the run): {started_by[file.path]} calls on it"
    if file.trees is not None:
        before, after = file.trees
        own = file.path.partition("/")[0].removesuffix(".py")
        was, now = ({*_reaches(tree), *_replaces(tree, own)} for tree in (before, after))
        yield from (f"{file.path}: {text}" for text in sorted(now - was))
        yield from (f"{file.path}: {text}" for text in (*written_into_queries(file), *loosened(file)))


def _instead(file: Edited, libraries: AbstractSet[str]) -> Iterator[str]:
    """A new file that Python would find before the library of that name."""
    name = stands_for(file.path)
    if file.before is None and name in libraries:
        yield f"{file.path}: would stand in the place of `{name}`"


def protected_kind(path: str, content: bytes, /) -> str | None:
    """What kind of file it is, where a change of the application's code has nothing to do with it; None for any other.

    A change that needs one names its kind beforehand (`Candidate.may_touch`).
    """
    role = role_of_path(path, content)
    if role is not None and role in _ROLES:
        return _ROLES[role]
    for pattern, kind in _PROTECTED:
        if pattern.search(path):
            return kind
    return None


def _reaches(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    if alias.name.partition(".")[0] in _MODULES:
                        yield f"imports `{alias.name}`"
            case ast.ImportFrom(module=str(module), level=0) if module.partition(".")[0] in _MODULES:
                yield f"imports `{module}`"
            case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
                yield f"calls `{name}`"
            case ast.Attribute(value=ast.Name(id="os"), attr=attr) if _OS_CALLS.match(attr):
                yield f"uses `os.{attr}`"
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in _NAMES:
                yield f"uses `{name}`"
            case ast.Constant(value=str(text)) if re.search(r"[A-Za-z0-9+/]{200,}={0,2}", text):
                yield "holds a long encoded text"
            case _:
                pass


def _replaces(tree: ast.Module, own: str) -> Iterator[str]:
    """Attributes of somebody else's modules and classes that are set: the library would be another one for everybody.

    What is set on other names (`g.user = …`) is an object that a library hands out for that.
    """
    foreign: dict[str, str] = {}
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] != own:
                    foreign[alias.asname or alias.name.partition(".")[0]] = alias.name
                    modules.add(alias.asname or alias.name.partition(".")[0])
        elif (
            isinstance(node, ast.ImportFrom)
            and not node.level
            and (node.module or "").partition(".")[0] != own
        ):
            foreign |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in ast.walk(tree):
        for target in _targets(node):
            if (
                isinstance(target, ast.Attribute)
                and isinstance(target.value, ast.Name)
                and (name := target.value.id) in foreign
                and (name in modules or name[:1].isupper())
            ):
                yield f"replaces `{target.attr}` of `{foreign[name]}`"


def _targets(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            return targets
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return [target]
        case _:
            return []
