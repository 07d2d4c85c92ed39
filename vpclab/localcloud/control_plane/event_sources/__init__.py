"""What feeds functions without anybody's Invoke: polled sources, notifications, and queued events.

All of it is the Lambda service's own work. None of it passes through a VPC, so a function that can reach nothing
is fed as well (Lambda guide, with-kafka and with-documentdb say so of the function's VPC configuration).
"""
