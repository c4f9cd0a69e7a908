"""How far what was learned in one laboratory holds in another: sites trained on, sites tested, and columns one by one."""

from leukofeat.evaluation.sites.columns import column_transfer
from leukofeat.evaluation.sites.compare import compare_sites
from leukofeat.evaluation.sites.comparison import SiteComparison

__all__ = ["SiteComparison", "column_transfer", "compare_sites"]
