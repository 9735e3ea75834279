"""Answers subnet questions with the standard library's ipaddress: one line in, one line out."""

import ipaddress as ip
import sys


def networks(found):
    return " ".join(str(network) for network in found)


def block(text):
    interface = ip.ip_interface(text)
    network, address = interface.network, interface.ip
    first = next(iter(network.hosts())) if network.version == 4 else network[0]
    flags = (address.is_multicast, address.is_loopback, address.is_link_local, address.is_unspecified)
    return " ".join(
        str(field)
        for field in (
            network.network_address,
            network.broadcast_address,
            network.netmask,
            network.hostmask,
            network.prefixlen,
            network.num_addresses,
            first,
            address.reverse_pointer,
            address.exploded,
            int(address),
            "".join("1" if flag else "0" for flag in flags),
        )
    )


def pair(one, other):
    one, other = ip.ip_network(one), ip.ip_network(other)
    if one.version != other.version:
        return "apart"
    answer = "%d%d%d" % (one.overlaps(other), other.subnet_of(one), one.subnet_of(other))
    if other.subnet_of(one) and one != other:
        answer += " " + networks(sorted(one.address_exclude(other)))
    return answer


def accepted(text):
    try:
        interface = ip.ip_interface(text)
    except ValueError:
        return "no"
    return "%d %d" % (int(interface.ip), interface.network.prefixlen)


def answer(kind, words, text):
    if kind == "block":
        return block(words[0])
    if kind == "pair":
        return pair(words[0], words[1])
    if kind == "range":
        return networks(ip.summarize_address_range(ip.ip_address(words[0]), ip.ip_address(words[1])))
    if kind == "merge":
        return networks(ip.collapse_addresses(map(ip.ip_network, words)))
    if kind == "split":
        return networks(ip.ip_network(words[0]).subnets(new_prefix=int(words[1])))
    if kind == "text":
        return accepted(text)
    raise SystemExit("unknown question " + kind)


with open(sys.argv[1], encoding="utf-8", newline="\n") as questions:
    for line in questions:
        kind, _, text = line.rstrip("\n").partition(" ")
        print(answer(kind, text.split(), text))
