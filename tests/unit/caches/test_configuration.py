"""Valkey's command line."""

import itertools

from vpclab.localcloud.caches.configuration import RESTRICTED, command_line
from vpclab.localcloud.caches.distribution import PROGRAM, installed


def test_node_can_listen_on_its_own_address_alone() -> None:
    """The interface's address, and nothing of the disk."""
    words = command_line("10.0.1.9", 6379)
    given = dict(itertools.pairwise(words))
    assert (given["--bind"], given["--port"]) == ("10.0.1.9", "6379")
    assert (given["--save"], given["--appendonly"]) == ("", "no")


def test_clients_cannot_give_commands_of_the_service() -> None:
    """Each is renamed to nothing, which makes it unknown."""
    words = command_line("10.0.1.5", 6379)
    renamed = {words[at + 1] for at, word in enumerate(words) if word == "--rename-command" and not words[at + 2]}
    assert renamed == set(RESTRICTED)
    assert {"CONFIG", "SHUTDOWN", "MODULE", "REPLICAOF"} <= renamed


def test_program_can_be_found() -> None:
    """The wheel has it for this machine."""
    assert (installed() / PROGRAM.name).is_file()
