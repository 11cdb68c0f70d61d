"""What is said where no model was named: which stages one would have done."""

AUDIT_WITHOUT_MODEL = (
    "no model was asked: the findings are the rules' (analyze), the plan is the program's (plan), and the diagrams have no words "
    "(architecture); --model NAME adds judgement, and what it says is checked"
)


def without_model_words(untreated: int, /) -> str:
    """For the result of a run; `untreated` is how many findings no codemod treats."""
    left = f"{untreated} findings that no codemod treats" if untreated else "what no codemod treats"
    return (
        f"no model was asked: one would have implemented {left} (analyze, plan, implement), diagnosed what was reverted (revert) and "
        "carried what worked over (transfer); --model NAME does"
    )
