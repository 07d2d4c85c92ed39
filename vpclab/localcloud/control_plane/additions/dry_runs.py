"""DryRun changes nothing.

moto carries out most of EC2's dry runs. AWS answers DryRunOperation to a caller who has the permission (EC2 API,
common query parameters).
"""

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.api_request import ApiRequest, is_reading


def answer(request: ApiRequest, action: str) -> None:
    """Raise the answer to a dry run of a change; return for every other call."""
    wanted = request.parameters.get("DryRun", "").lower() == "true"
    if request.service == "ec2" and wanted and not is_reading(action):
        raise ApiError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
