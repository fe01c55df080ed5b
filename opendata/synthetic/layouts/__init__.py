"""How a family lays its documents out: a department's money -> texts and tables."""

from collections.abc import Callable

from opendata.synthetic.layouts import changsha, final, jiangsu, shanghai
from opendata.synthetic.layouts.common import Draft, Setting

LAYOUTS: dict[tuple[str, str], Callable[[Setting], Draft]] = {
    ("changsha", "approved"): changsha.budget,
    ("shanghai", "approved"): shanghai.budget,
    ("jiangsu", "approved"): jiangsu.budget,
    ("changsha", "executed"): final.accounts,
    ("shanghai", "executed"): final.accounts,
    ("jiangsu", "executed"): final.accounts,
}
