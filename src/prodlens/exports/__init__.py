"""The report in each format people ask for; one module per format, no store, no computing."""
