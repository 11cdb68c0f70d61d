"""Where an exception came from, in application frames."""

from auditor_probe import stacks


def frames_of(error):
    """``[file, line, function]``, outermost first."""
    frames = []
    traceback = error.__traceback__
    while traceback is not None and len(frames) < 200:
        code = traceback.tb_frame.f_code
        relative = stacks.application_file(code.co_filename)
        if relative is not None:
            frames.append((relative, traceback.tb_lineno, getattr(code, "co_qualname", code.co_name)))
        traceback = traceback.tb_next
    return frames
