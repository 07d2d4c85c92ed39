"""What the program's resources cost on AWS while they are there, by a dated table of list prices."""
