"""Files of other programs as text: PDF, Office, books and mail, parsed in a process of their own."""
