"""The Region and account of a stack: its provider, with the tags that every resource gets, and its zones."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.settings import Settings, SettingsError, choose_zones


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """``account``: its number. ``zones``: names of the Availability Zones to use.

    ``options``: what every component is declared with.
    """

    name: str
    account: str
    zones: tuple[str, ...]
    options: pulumi.ResourceOptions


def choose(settings: Settings) -> Region:
    """Return the Region of ``aws:region`` or of the environment, with as many zones as ``settings`` ask for.

    The provider is an explicit one, so that its default tags are part of the program and not of whoever runs it.

    Raises:
        SettingsError: no Region was chosen, or it has fewer zones than the settings ask for.
    """
    name = aws.config.region
    if not name:
        raise SettingsError(
            "no Region is chosen to deploy in: `pulumi config set aws:region us-east-1`, or set AWS_REGION"
        )
    tags = {"Project": pulumi.get_project(), "Stack": pulumi.get_stack(), "Variant": settings.variant.value}
    provider = aws.Provider("aws", region=name, default_tags=aws.ProviderDefaultTagsArgs(tags=tags))
    asking = pulumi.InvokeOptions(provider=provider)
    available = aws.get_availability_zones(
        state="available",
        # Local Zones and Wavelength Zones have to be opted in to, and have no RDS.
        filters=[aws.GetAvailabilityZonesFilterArgs(name="opt-in-status", values=["opt-in-not-required"])],
        opts=asking,
    )
    return Region(
        name=name,
        account=aws.get_caller_identity(opts=asking).account_id,
        zones=choose_zones(settings, available.names, name),
        options=pulumi.ResourceOptions(provider=provider),
    )
