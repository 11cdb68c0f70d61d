"""What runs inside the target's interpreter and writes down what each request does (`auditor/probe@2`).

Standard library, Python 3.8 syntax, no thread of its own; nothing here imports a module that monkey patching
must reach first (threading, socket, ssl, select, subprocess, queue, asyncio, logging): libraries are patched
when the target imports them.
"""


def start():
    """Makes the probe ready: called once, by `sitecustomize`, before the target's first line."""
    from auditor_probe import background, hooks, imports, lines, settings

    if settings.SPOOL is None:
        return
    imports.install(hooks.HOOKS)
    background.install()
    if settings.LINES:
        lines.install()
