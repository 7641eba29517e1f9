"""What people open: command line, explorer and reports."""
