"""A stand-in for Pulumi's Python language host, used only where the official one is not installed.

The engine starts the executable ``pulumi-language-python``, reads a port from its first line of output, and
speaks the ``LanguageRuntime`` protocol of the SDK's own gRPC stubs with it.
"""
