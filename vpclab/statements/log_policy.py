"""The notes' policy for CloudWatch Logs."""

AS_TYPED = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "logs: CreateLogGroup",
        "logs: CreateLogStream",
        "logs:PutLogEvents",
        "logs: DescribeLogStreams"
      ],
      "Resource": ["arn:aws: logs:*:*:*"]
    }
  ]
}
"""
"""As the notes have it, spaces included."""


def without_stray_spaces(text: str) -> str:
    """Return the policy as it was meant: no space inside an action's name or an ARN."""
    return text.replace("logs: ", "logs:").replace("aws: ", "aws:")


def without_describing(text: str) -> str:
    """Return the corrected policy with the three actions that delivery takes."""
    return without_stray_spaces(text).replace(',\n        "logs:DescribeLogStreams"', "")
