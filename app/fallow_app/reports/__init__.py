"""The report: one self-contained HTML file."""

from fallow_app.reports.content import ReportContent, gather
from fallow_app.reports.render import render_report, write_report

__all__ = ["ReportContent", "gather", "render_report", "write_report"]
