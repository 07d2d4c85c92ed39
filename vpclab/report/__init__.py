"""Shows a verification's report: on the terminal, and as JSON, JUnit XML and HTML."""
