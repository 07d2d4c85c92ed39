"""Who may log in to a database: the master user of an RDS instance."""

from typing import NamedTuple


class DatabaseCredentials(NamedTuple):
    """The master user's name and password, and the database that the instance was created with (``DBName``).

    ``database_name`` is empty when CreateDBInstance named none.
    """

    username: str
    password: str
    database_name: str
