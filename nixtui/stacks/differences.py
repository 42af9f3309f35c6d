"""In what an instance is another than was declared."""

from nixtui.stacks.members import Member
from nixtui.stacks.wanted import Wanted


def differences(member: Member, wanted: Wanted) -> tuple[str, ...]:
    """Each as a phrase: what it is, and what is declared. What is not declared may be anything."""
    instance, section = member.instance, wanted.section
    told = []
    if instance.kind != section.type:
        told.append(f"it is a {instance.kind}, declared is {section.type}")
    if wanted.image is not None and instance.image != wanted.image.identity:
        told.append(f"it was made from {instance.image}, declared is {wanted.image.identity}")
    if section.subnet is not None and instance.subnet != section.subnet:
        told.append(f"it is in {instance.subnet}, declared is {section.subnet}")
    if section.security_groups and set(instance.security_groups) != set(section.security_groups):
        groups = ", ".join(sorted(instance.security_groups)) or "none"
        told.append(f"its security groups are {groups}, declared are {', '.join(sorted(section.security_groups))}")
    if section.key_pair is not None and instance.key_pair != section.key_pair:
        told.append(f"its key pair is {instance.key_pair or 'none'}, declared is {section.key_pair}")
    other = {key: value for key, value in section.tags.items() if instance.tags.get(key) != value}
    told += [f"its tag {key} is not {value}" for key, value in other.items()]
    return tuple(told)
