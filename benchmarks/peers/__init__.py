"""What people do today: each file is one whole job as one would write it by hand."""
