"""The self-contained HTML report of a training, its figures, and the page and the terminal table of a profile."""

from spark_jobs.report.context import ReportContext
from spark_jobs.report.render import write_figures, write_report
from spark_jobs.report.sections import Figures

__all__ = ["Figures", "ReportContext", "write_figures", "write_report"]
