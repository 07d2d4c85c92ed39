"""The code that runs inside each Lambda function, and tries to reach what the statements speak of, or is fed.

It is ordinary Lambda code: the standard library, boto3 and pg8000. It knows nothing of where it runs, calls
every service by its real name, and reports what it measured. What that means is decided elsewhere.
"""
