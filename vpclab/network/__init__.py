"""Facts about networks, as the AWS API describes them. Judges nothing, touches nothing."""
