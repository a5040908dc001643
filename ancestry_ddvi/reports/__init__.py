"""The report: one HTML file of the tables that earlier commands wrote."""
