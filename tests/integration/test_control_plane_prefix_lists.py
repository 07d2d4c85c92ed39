"""EC2's prefix lists: AWS's own, and those that users keep."""

from tests.integration.control_plane_world import REGION, World, refused


def test_managed_prefix_lists_can_name_what_answers_here(here: World) -> None:
    """S3 and DynamoDB have the ranges that the local cloud gives them."""
    listed = {
        one["PrefixListName"].rpartition(".")[2]: one["Cidrs"]
        for one in here.ec2.describe_prefix_lists()["PrefixLists"]
        if "Cidrs" in one
    }
    entries = {}
    for service in ("s3", "dynamodb"):
        [found] = here.ec2.describe_managed_prefix_lists(
            Filters=[{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{REGION}.{service}"]}]
        )["PrefixLists"]
        given = here.ec2.get_managed_prefix_list_entries(PrefixListId=found["PrefixListId"])["Entries"]
        entries[service] = [one["Cidr"] for one in given]
    assert entries == {"s3": ["192.0.2.128/26"], "dynamodb": ["192.0.2.192/26"]}
    assert listed.get("s3", ["192.0.2.128/26"]) == ["192.0.2.128/26"]


def test_prefix_list_can_change_while_it_is_used_but_not_go(here: World) -> None:
    """A change keeps the name; a list that a rule names stays; AWS's and unknown ones are not to be changed."""
    made = here.ec2.create_managed_prefix_list(
        PrefixListName="office", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": "198.51.100.0/28"}]
    )["PrefixList"]
    identifier = made["PrefixListId"]
    here.ec2.modify_managed_prefix_list(
        PrefixListId=identifier, CurrentVersion=1, AddEntries=[{"Cidr": "198.51.100.32/28"}]
    )
    [found] = [one for one in here.plane.network().prefix_lists if one.id == identifier]
    assert (found.name, len(found.cidr_blocks)) == ("office", 2)
    group = here.group(here.vpc())
    permission = {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": identifier}]}
    here.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    with refused("DependencyViolation"):
        here.ec2.delete_managed_prefix_list(PrefixListId=identifier)
    here.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])
    here.ec2.delete_managed_prefix_list(PrefixListId=identifier)
    assert identifier not in {one.id for one in here.plane.network().prefix_lists}
    with refused("InvalidPrefixListID.NotFound"):
        here.ec2.delete_managed_prefix_list(PrefixListId=identifier)
    [of_s3] = here.ec2.describe_managed_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{REGION}.s3"]}]
    )["PrefixLists"]
    with refused("OperationNotPermitted"):
        here.ec2.delete_managed_prefix_list(PrefixListId=of_s3["PrefixListId"])


def test_prefix_list_cannot_outgrow_its_size(here: World) -> None:
    """MaxEntries and the version are checked; the size can be changed, alone and not below what is in the list."""
    create, modify = here.ec2.create_managed_prefix_list, here.ec2.modify_managed_prefix_list
    one, two = [{"Cidr": "198.51.100.0/28"}], [{"Cidr": "198.51.100.32/28"}]
    with refused("PrefixListMaxEntriesExceeded"):
        create(PrefixListName="x", MaxEntries=1, AddressFamily="IPv4", Entries=one + two)
    with refused("UnsupportedOperation", "IPv6"):
        create(PrefixListName="x", MaxEntries=1, AddressFamily="IPv6")
    made = create(PrefixListName="x", MaxEntries=1, AddressFamily="IPv4", Entries=one)["PrefixList"]
    listed = {"PrefixListId": made["PrefixListId"]}
    with refused("PrefixListMaxEntriesExceeded"):
        modify(**listed, CurrentVersion=1, AddEntries=two)
    with refused("PrefixListVersionMismatch"):
        modify(**listed, CurrentVersion=3, AddEntries=two, RemoveEntries=one)
    with refused("InvalidParameterCombination"):
        modify(**listed, CurrentVersion=1, AddEntries=two, MaxEntries=2)
    modify(**listed, MaxEntries=2)
    modify(**listed, CurrentVersion=1, AddEntries=two)
    with refused("PrefixListMaxEntriesExceeded"):
        modify(**listed, MaxEntries=1)
    [found] = [each for each in here.plane.network().prefix_lists if each.id == listed["PrefixListId"]]
    assert len(found.cidr_blocks) == 2


def test_prefix_list_can_go_back_to_an_earlier_version(here: World) -> None:
    """RestoreManagedPrefixListVersion makes a new version; the network follows; others cannot be had."""
    ranges = ["10.0.0.0/24", "10.0.1.0/24"]
    made = here.ec2.create_managed_prefix_list(
        PrefixListName="own", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": ranges[0]}]
    )["PrefixList"]
    named = {"PrefixListId": made["PrefixListId"]}
    here.ec2.modify_managed_prefix_list(
        **named,
        CurrentVersion=1,
        AddEntries=[{"Cidr": ranges[0], "Description": "described anew"}, {"Cidr": ranges[1]}],
    )
    entries = here.ec2.get_managed_prefix_list_entries
    assert entries(**named)["Entries"] == [
        {"Cidr": ranges[0], "Description": "described anew"},
        {"Cidr": ranges[1]},
    ]
    with refused("PrefixListVersionMismatch"):
        here.ec2.restore_managed_prefix_list_version(**named, PreviousVersion=1, CurrentVersion=1)
    answer = here.ec2.restore_managed_prefix_list_version(**named, PreviousVersion=1, CurrentVersion=2)
    assert (answer["PrefixList"]["Version"], answer["PrefixList"]["State"]) == (3, "restore-complete")
    assert [one["Cidr"] for one in entries(**named)["Entries"]] == ranges[:1]
    [fact] = [one for one in here.plane.network().prefix_lists if one.id == made["PrefixListId"]]
    assert [str(one) for one in fact.cidr_blocks] == ranges[:1]
    with refused("InvalidPrefixListVersion"):
        entries(**named, TargetVersion=9)
    with refused("InvalidPrefixListID.NotFound", "The prefix list ID 'pl-0123456789abcdef0' does not exist"):
        entries(PrefixListId="pl-0123456789abcdef0")


def test_prefix_list_can_tell_who_refers_to_it(here: World) -> None:
    """GetManagedPrefixListAssociations: groups and route tables; names of AWS's and twice the same are refused."""
    vpc = here.vpc()
    group = here.group(vpc)
    new = {"MaxEntries": 5, "AddressFamily": "IPv4"}
    with refused("InvalidParameterValue"):
        here.ec2.create_managed_prefix_list(PrefixListName="com.amazonaws.own", **new)
    with refused("InvalidParameterValue"):
        here.ec2.create_managed_prefix_list(PrefixListName="own", Entries=[{"Cidr": "10.0.0.0/24"}] * 2, **new)
    made = here.ec2.create_managed_prefix_list(PrefixListName="own", **new)["PrefixList"]["PrefixListId"]
    associations = here.ec2.get_managed_prefix_list_associations
    assert associations(PrefixListId=made)["PrefixListAssociations"] == []
    permission = {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": made}]}
    here.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission])
    [one] = associations(PrefixListId=made)["PrefixListAssociations"]
    assert one["ResourceId"] == group
