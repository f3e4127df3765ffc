"""From the report to text: one module a format, and no arithmetic but what formatting takes."""
