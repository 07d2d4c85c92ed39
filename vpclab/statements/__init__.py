"""The documented statements about Lambda in a VPC, what is observed of each, and the verdict."""
