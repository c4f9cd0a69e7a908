"""All systems by name under one set of protocols: rows and tasks, the run, tables, and the page."""
