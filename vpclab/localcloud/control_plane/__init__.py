"""The local cloud's AWS API: moto in this process, and what moto lacks, each addition in a file of its own."""
