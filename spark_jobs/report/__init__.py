"""The self-contained report of a training, its pictures, and the page and the table of a profile."""

from spark_jobs.report.story import Story
from spark_jobs.report.writing import write_pictures, write_report

__all__ = ["Story", "write_pictures", "write_report"]
