//! Rules 3.4 to 3.6 and IPv6: ARP, the host's decision, the router.

use super::*;

rules! {
    s34_an_unsolicited_reply_changes_nothing_and_a_request_teaches_its_target {
        "actions = ['0ms h1 announce', '10ms h1 ping h2']\nexpect = ['h3 does not know h1', 'h2 knows h1', 'frames h1 out arp-request = 2', 'frames h2 out arp-request = 0']\n",
        STAR,
        "[switch.sw]\n",
    }
    s34_three_questions_and_then_the_sender_is_told {
        "actions = ['0ms h1 ping 192.0.2.99']\nexpect = ['h1 ping 192.0.2.99 fails EHOSTUNREACH', 'frames h1 out arp-request = 3', 'drops neighbour-failed at h1 = 1']\n",
        STAR,
        "[switch.sw]\n",
    }
    s34_at_most_101_packets_wait_for_a_neighbour {
        "actions = ['0ms h* udp 192.0.2.99:9 \"x\"']\nexpect = ['drops neighbour-failed >= 3']\n",
        STAR,
        "[switch.sw]\n",
    }
    s34_three_probes_and_two_announcements {
        "actions = ['0ms h1 probe']\nexpect = ['frames h1 out arp-request = 5', 'h1 says \"probes: does anybody use 192.0.2.1?\"']\n",
        STAR,
        "[switch.sw]\n",
    }
    s34_an_address_used_twice_is_noticed_and_defended {
        "actions = ['0ms h2 address 192.0.2.1/24', '1ms h2 announce']\nexpect = ['drops address-conflict at h1 >= 1', 'frames h1 out arp = 1']\n",
        STAR,
        "[switch.sw]\n",
    }
    s34_a_proxy_answers_for_who_is_behind_it {
        "links = ['h1 - r.a', 'r.b - h2']\nactions = ['0ms h1 ping h2']\nexpect = ['h1 ping h2 ok', 'r says \"proxy ARP\"', 'h1 routes h2 direct']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.129/25\"\ngateway = \"192.0.2.254\"\n[router.r]\nproxy_arp = true\ninterfaces = { a = \"192.0.2.100/25\", b = \"192.0.2.254/25\" }\n",
        "",
    }
    s35_without_a_route_nothing_is_sent {
        "actions = ['0ms h1 ping 203.0.113.1']\nexpect = ['h1 ping 203.0.113.1 fails ENETUNREACH', 'injected = 0', 'drops no-route at h1 = 1']\n",
        STAR,
        "[switch.sw]\n",
    }
    s35_a_gateway_that_is_not_on_the_link_is_said_to_be_wrong {
        "links = ['h1 - h2']\nactions = ['0ms h1 ping 203.0.113.1']\nexpect = ['h1 says \"198.51.100.1, which is in no network of mine\"', 'injected = 0']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"198.51.100.1\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n",
        "",
    }
    s35_a_host_does_not_forward {
        "links = ['h1 - h2']\nactions = ['0ms h1 ping 203.0.113.1']\nexpect = ['drops not-for-me at h2 = 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"192.0.2.2\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n",
        "",
    }
    s35_the_card_ignores_what_is_for_others {
        "actions = ['0ms h1 frame \"x\" to 02:00:00:00:00:99', '1ms h1 frame \"x\" to 01:00:5e:01:02:03', '2ms h1 frame \"x\" to h2']\nexpect = ['drops not-my-mac = 3', 'drops not-my-group = 2', 'drops unknown-protocol at h2 = 1']\n",
        STAR,
        "[switch.sw]\n",
    }
    ipv6_an_error_may_be_about_any_fragment {
        "actions = ['0ms h1 ping 2001:db8:9::1 size 3000']\nexpect = ['frames h1 out fragment = 3', 'frames h1 in icmp-error = 3', 'drops no-route at r = 3']\n",
        "links = ['h1 - r.a']\n[host.h1]\naddress = \"2001:db8:1::10/64\"\ngateway = \"2001:db8:1::1\"\n[router.r.interfaces.a]\naddress = \"2001:db8:1::1/64\"\n",
        "",
    }
    ipv6_an_address_of_the_link_does_not_leave_it {
        "links = ['h1 - r.a', 'r.b - h2']\nactions = ['0ms h1 ping h2', '100ms h1 ping fe80::1']\nexpect = ['drops beyond-scope at r = 1', 'h1 ping h2 fails ENETUNREACH', 'r says \"ICMP 1/2\"', 'frames h2 in any = 0', 'h1 ping fe80::1 ok']\n",
        "[host.h1]\naddress = \"fe80::10/64\"\ngateway = \"fe80::1\"\n[router.r.interfaces.a]\naddress = [\"fe80::1/64\", \"2001:db8:1::1/64\"]\n[router.r.interfaces.b]\naddress = \"2001:db8:2::1/64\"\n[host.h2]\naddress = \"2001:db8:2::10/64\"\ngateway = \"2001:db8:2::1\"\n",
        "",
    }
    ipv6_an_address_is_tried_before_it_is_used_and_one_that_is_taken_is_left {
        "actions = ['5s pc ping 2001:db8::1']\nexpect = ['pc says \"tries fe80::200:5eff:fe00:5310\"', 'pc says \"cannot have fe80::200:5eff:fe00:5310, as 00:00:5e:00:53:30 uses it\"', 'drops address-conflict at pc = 1', 'pc ping 2001:db8::1 fails ENETUNREACH', 'frames pc out any = 1']\n",
        "links = ['pc - other']\n[host.pc]\nmac = \"00:00:5e:00:53:10\"\nslaac = true\n[host.other]\nmac = \"00:00:5e:00:53:30\"\naddress = \"fe80::200:5eff:fe00:5310/64\"\n",
        "",
    }
    ipv6_of_two_that_try_the_same_address_the_first_leaves_it {
        "expect = ['b says \"as somebody else tries it too\"', 'a says \"has fe80::200:5eff:fe00:5310\"', 'drops address-conflict = 1']\n",
        "links = ['a - b']\n[host.a]\nmac = \"00:00:5e:00:53:10\"\nslaac = true\n[host.b]\nmac = \"00:00:5e:00:53:10\"\nslaac = true\n",
        "",
    }
    ipv6_without_a_router_three_questions_and_the_address_of_the_link_remains {
        "actions = ['0ms pc ping fe80::1', '20s pc ping other']\nexpect = ['pc says \"asks for routers\"', 'frames pc out icmp = 6', 'pc ping other ok']\n",
        "links = ['pc - other']\n[host.pc]\nslaac = true\n[host.other]\naddress = \"fe80::99/64\"\n",
        "",
    }
    ipv6_a_network_that_nobody_tells_of_any_more_is_forgotten {
        "until = '1h'\nactions = ['10s pc ping far', '15s unplug r.lan', '3500s pc ping far']\nexpect = ['pc says \"octets from 2001:db8:2::10\"', 'pc says \"has not been heard of for too long\"', 'drops no-route at pc = 1']\n",
        "links = ['pc - r.lan', 'r.wan - far']\n[host.pc]\nslaac = true\n[router.r]\nadvertise = true\ninterfaces = { lan = \"2001:db8:1::1/64\", wan = \"2001:db8:2::1/64\" }\n[host.far]\naddress = \"2001:db8:2::10/64\"\ngateway = \"2001:db8:2::1\"\n",
        "",
    }
    dhcp_the_server_is_asked_at_half_of_the_lease_everybody_at_seven_eighths_and_then_it_is_over {
        "until = '1000s'\nactions = ['0ms pc dhcp', '1s unplug home']\nexpect = ['pc says \"DHCP: has 192.168.1.100/24 for 800 s\"', 'pc says \"DHCP: asks 192.168.1.1 to keep\"', 'pc says \"DHCP: asks everybody to keep\"', 'pc says \"DHCP: the lease of 192.168.1.100 has run out\"', 'pc says \"DHCP: nobody gives an address\"']\n",
        "links = ['pc - sw', 'home - sw']\n[host.pc]\n[router.home]\naddress = \"192.168.1.1/24\"\ndhcp = { first = \"192.168.1.100/24\", count = 2, lease = \"800s\" }\n[switch.sw]\n",
        "",
    }
    dhcp_an_address_in_use_is_declined_and_kept_back {
        "until = '20s'\nactions = ['0ms pc dhcp', '15s late dhcp']\nexpect = ['drops address-conflict at pc = 1', 'home says \"it is kept back\"', 'pc says \"DHCP: has 192.168.1.101/24\"', 'late says \"DHCP: has 192.168.1.102/24\"']\n",
        "links = ['pc - sw', 'late - sw', 'squatter - sw', 'home - sw']\n[host.pc]\n[host.late]\n[host.squatter]\naddress = \"192.168.1.100/24\"\n[router.home]\naddress = \"192.168.1.1/24\"\ndhcp = { first = \"192.168.1.100/24\", count = 3 }\n[switch.sw]\n",
        "",
    }
    dhcp_an_address_that_is_given_back_is_free_and_its_old_owner_comes_first {
        "until = '20s'\nactions = ['0ms pc dhcp', '2s pc release', '3s pc dhcp', '5s pc release', '6s late dhcp']\nexpect = ['home says \"gives 192.168.1.100 back\"', 'pc says \"DHCP: has 192.168.1.100/24\"', 'late says \"DHCP: has 192.168.1.100/24\"', 'pc says \"DHCP: gives 192.168.1.100 back\"']\n",
        "links = ['pc - sw', 'late - sw', 'home - sw']\n[host.pc]\n[host.late]\n[router.home]\naddress = \"192.168.1.1/24\"\ndhcp = { first = \"192.168.1.100/24\", count = 1 }\n[switch.sw]\n",
        "",
    }
    s36_headers_are_checked {
        "actions = ['0ms h1 frame \"E\\x00\" to h2 type 0x0800', '1ms h1 frame \"E\\x00\\x00\\x1c\\x00\\x01\\x00\\x00\\x40\\x11\\x12\\x34\\xc0\\x00\\x02\\x01\\xc0\\x00\\x02\\x02\\x00\\x09\\x00\\x09\\x00\\x08\\x00\\x00\" to h2 type 0x0800']\nexpect = ['drops bad-header at h2 = 1', 'drops bad-checksum at h2 = 1']\n",
        STAR,
        "[switch.sw]\n",
    }
    s36_a_source_that_is_no_single_host_is_a_martian {
        "actions = ['0ms h1 frame \"E\\x00\\x00\\x1c\\x00\\x01\\x00\\x00\\x40\\x11\\xd1\\x9a\\x7f\\x00\\x00\\x01\\xc6\\x33\\x64\\x01\\x00\\x09\\x00\\x09\\x00\\x08\\x00\\x00\" to r.a type 0x0800']\nexpect = ['drops martian at r = 1', 'frames h1 in icmp-error = 0']\n",
        ROUTED,
        "",
    }
    s36_ttl_1_dies_at_the_router_and_the_error_comes_from_its_near_side {
        "actions = ['0ms h1 ping h2 ttl 1']\nexpect = ['drops ttl-expired at r = 1', 'h1 says \"192.0.2.254 says: TTL expired\"']\n",
        ROUTED,
        "",
    }
    s36_no_route_at_the_router_is_told {
        "actions = ['0ms h1 ping 203.0.113.1']\nexpect = ['drops no-route at r = 1', 'h1 says \"network unreachable\"']\n",
        ROUTED,
        "",
    }
    s36_nobody_behind_the_last_router_is_told_after_three_questions {
        "actions = ['0ms h1 ping 198.51.100.77']\nexpect = ['frames r.b out arp-request = 3', 'h1 says \"host unreachable\"']\n",
        ROUTED,
        "",
    }
    s36_a_directed_broadcast_is_not_forwarded_and_no_error_is_sent {
        "actions = ['0ms h1 ping 198.51.100.255']\nexpect = ['drops directed-broadcast at r = 1', 'frames h1 in icmp-error = 0']\n",
        ROUTED,
        "",
    }
    s36_no_error_about_an_error_or_a_broadcast {
        "actions = ['0ms h1 broadcast \"x\"']\nexpect = ['r says \"the packet was for many\"', 'frames h1 in icmp-error = 0']\n",
        ROUTED,
        "",
    }
    s36_a_redirect_tells_of_the_shorter_way {
        "links = ['h1 - sw', 'r.a - sw', 'r2 - sw']\nactions = ['0ms h1 ping 203.0.113.1']\nexpect = ['frames h1 in icmp-error >= 1', 'r says \"redirect\"']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"192.0.2.254\"\n[router.r]\nredirects = true\ninterfaces = { a = \"192.0.2.254/24\" }\nroutes = [\"default via 192.0.2.253\"]\n[host.r2]\naddress = \"192.0.2.253/24\"\nanswers_for = [\"203.0.113.0/24\"]\n",
        "[switch.sw]\n",
    }
    s36_a_fragment_that_comes_twice_counts_once {
        "actions = ['0ms h1 ping h2 size 5000']\nexpect = ['h1 ping h2 ok', 'drops fragment-duplicate >= 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[[link]]\nbetween = [\"h1\", \"h2\"]\nduplicate = 100\n",
        "",
    }
    s36_a_packet_for_an_unplugged_link_is_dropped {
        "actions = ['0ms unplug r.b', '1ms h1 ping h2']\nexpect = ['drops link-down at r = 1']\n",
        ROUTED,
        "",
    }
    s36_equal_routes_share_the_flows {
        "links = ['h1 - r1.a', 'r1.b - r2.b', 'r1.c - r2.c', 'r2.a - h2']\nactions = ['0ms h1 udp h2:1 \"x\" from 1', '1ms h1 udp h2:2 \"x\" from 2', '2ms h1 udp h2:3 \"x\" from 3', '3ms h1 udp h2:4 \"x\" from 4', '4ms h1 udp h2:5 \"x\" from 5', '5ms h1 udp h2:6 \"x\" from 6']\nexpect = ['frames r1.b out udp >= 1', 'frames r1.c out udp >= 1', 'frames h2 in udp = 6']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"192.0.2.254\"\n[host.h2]\naddress = \"198.51.100.1/24\"\ngateway = \"198.51.100.254\"\n[router.r1]\ninterfaces = { a = \"192.0.2.254/24\", b = \"10.0.1.1/30\", c = \"10.0.2.1/30\" }\nroutes = [\"198.51.100.0/24 via 10.0.1.2\", \"198.51.100.0/24 via 10.0.2.2\"]\n[router.r2]\ninterfaces = { a = \"198.51.100.254/24\", b = \"10.0.1.2/30\", c = \"10.0.2.2/30\" }\nroutes = [\"192.0.2.0/24 via 10.0.1.1\"]\n",
        "",
    }
    s38_a_socket_that_nobody_reads_fills_up {
        "links = ['h1 - h2']\nactions = ['0ms h2 run deaf', '1ms h1 udp h2:9 size 60000', '20ms h1 udp h2:9 size 60000', '40ms h1 udp h2:9 size 60000', '60ms h1 udp h2:9 size 60000']\nexpect = ['drops buffer-full at h2 = 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[program]\ndeaf = '''\ns = socket(udp)\ns.bind(\"\", 9)\nsleep(1s)\n'''\n",
        "",
    }
    ipv6_neighbours_are_found_through_their_group_and_routers_count_hops {
        "links = ['h1 - sw', 'h3 - sw', 'r.a - sw', 'r.b - h2']\nactions = ['0ms h1 ping h3', '10ms h1 ping h2', '20ms h1 ping h2 ttl 1', '30ms h1 ping 2001:db8:9::1', '40ms h1 ping h2 size 3000']\nexpect = ['h1 ping h3 ok', 'drops ttl-expired at r = 1', 'drops no-route at r = 1', 'frames h3 in broadcast = 0', 'frames r.b out fragment = 3', 'h1 says \"3000 octets from 2001:db8:2::1\"']\n",
        "[host.h1]\naddress = \"2001:db8:1::1/64\"\ngateway = \"2001:db8:1::ffff\"\n[host.h2]\naddress = \"2001:db8:2::1/64\"\ngateway = \"2001:db8:2::ffff\"\n[host.h3]\naddress = \"2001:db8:1::3/64\"\n[router.r]\ninterfaces = { a = \"2001:db8:1::ffff/64\", b = \"2001:db8:2::ffff/64\" }\n",
        "[switch.sw]\n",
    }
    ipv6_a_packet_too_big_is_told_and_cut_at_its_source {
        "actions = ['0ms h1 ping h2 size 1400', '100ms h1 ping h2 size 1400']\nlinks = ['h1 - r.a']\nexpect = ['drops too-big at r = 1', 'frames h1 out fragment = 2', 'h1 says \"1400 octets from 2001:db8:2::1\"']\n",
        "[host.h1]\naddress = \"2001:db8:1::1/64\"\ngateway = \"2001:db8:1::ffff\"\n[host.h2]\naddress = \"2001:db8:2::1/64\"\ngateway = \"2001:db8:2::ffff\"\n[router.r]\ninterfaces = { a = \"2001:db8:1::ffff/64\", b = \"2001:db8:2::ffff/64\" }\n[[link]]\nbetween = [\"r.b\", \"h2\"]\nmtu = 1280\n",
        "",
    }
    s34_an_address_is_defended_once_in_ten_seconds {
        "actions = ['0ms h2 address 192.0.2.1/24', '1ms h2 announce', '5s h2 announce', '12s h2 announce']\nexpect = ['drops address-conflict at h1 >= 1', 'frames h1 out arp = 2']\n",
        STAR,
        "[switch.sw]\n",
    }
    s35_a_packet_to_oneself_needs_no_frame {
        "actions = ['0ms h1 ping h1', '1ms h1 ping 127.0.0.1']\nexpect = ['h1 ping h1 ok', 'h1 ping 127.0.0.1 ok', 'injected = 0']\n",
        STAR,
        "[switch.sw]\n",
    }
    s35_a_broadcast_and_a_group_have_addresses_of_their_own {
        "actions = ['0ms h1 udp 192.0.2.255:9 \"x\"', '1ms h1 udp 224.1.2.3:9 \"x\"']\nexpect = ['frames h1 out broadcast = 1', 'frames h1 out multicast = 1', 'frames h1 out arp = 0']\n",
        STAR,
        "[switch.sw]\n",
    }
    s35_beyond_the_mask_the_gateway_is_asked_for_and_the_packet_keeps_its_destination {
        "actions = ['0ms h1 ping h2']\nexpect = ['h1 routes h2 via 192.0.2.254', 'h1 ping h2 ok', 'frames h1 out arp-request = 1', 'h1 does not know h2', 'frames h2 in icmp = 1']\n",
        ROUTED,
        "",
    }
    s36_ttl_is_not_counted_down_for_the_router_itself {
        "actions = ['0ms h1 ping 192.0.2.254 ttl 1', '1ms h1 ping 198.51.100.254 ttl 1']\nexpect = ['h1 ping 192.0.2.254 ok', 'h1 ping 198.51.100.254 ok', 'drops ttl-expired = 0']\n",
        ROUTED,
        "",
    }
    s36_no_error_about_a_fragment_other_than_the_first {
        "actions = ['0ms h1 ping h2 size 3000 ttl 1']\nexpect = ['drops ttl-expired at r = 3', 'frames h1 in icmp-error = 1', 'r says \"a fragment other than the first\"']\n",
        ROUTED,
        "",
    }
    s36_errors_are_limited_to_one_a_second_for_a_target_if_asked_for {
        "actions = ['0ms h1 ping h2 ttl 1 count 5 interval 100ms']\nexpect = ['drops ttl-expired at r = 5', 'frames h1 in icmp-error = 1']\n",
        "links = [\"h1 - r.a\", \"r.b - h2\"]\n[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"192.0.2.254\"\n[host.h2]\naddress = \"198.51.100.1/24\"\ngateway = \"198.51.100.254\"\n[router.r]\nlimits_errors = true\ninterfaces = { a = \"192.0.2.254/24\", b = \"198.51.100.254/24\" }\n",
        "",
    }
    s36_what_never_becomes_whole_is_given_up_and_told {
        "actions = ['0ms h1 ping h2 size 3000']\nexpect = ['drops lost = 1', 'frames h1 in icmp-error = 1', 'h2 says \"fragments came too late\"']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[[link]]\nbetween = [\"h1\", \"h2\"]\nthere = { lose = [3] }\n",
        "",
    }
    s36_a_router_puts_no_fragments_together {
        "actions = ['0ms h1 ping h2 size 3000']\nexpect = ['h1 ping h2 ok', 'frames r.a in fragment = 3', 'frames h2 in fragment = 3']\n",
        ROUTED,
        "",
    }
    s37_a_host_inside_reaches_another_by_the_public_address {
        "actions = ['0ms pc2 run server', '10ms pc1 run client']\nexpect = ['pc1 connect ok', 'pc1 recv \"hello\"', 'home says \"a new mapping\"', 'frames home.wan any = 0']\n",
        HOME,
        "",
    }
    s37_a_forwarded_port_lets_the_outside_in {
        "actions = ['0ms pc2 run server', '10ms far run client']\nexpect = ['far connect ok', 'far recv \"hello\"', 'frames far in rst = 0']\n",
        HOME,
        "",
    }
    s37_fragments_are_translated_whole_and_strangers_find_nobody {
        "actions = ['0ms pc1 ping far size 3000', '10ms far ping pc1']\nexpect = ['pc1 ping far ok', 'frames far in fragment >= 3', 'far ping pc1 fails']\n",
        HOME,
        "",
    }
    s37_an_unsolicited_syn_is_left_without_answer_for_six_seconds {
        "until = '5900ms'\nactions = ['0ms far run stranger']\nexpect = ['drops nat-no-mapping at home >= 1', 'frames far in rst = 0', 'frames far in icmp-error = 0']\n",
        HOME,
        "",
    }
    s37_after_six_seconds_the_sender_of_the_syn_is_told {
        "until = '6100ms'\nactions = ['0ms far run stranger']\nexpect = ['frames far in rst = 0', 'frames far in icmp-error = 1', 'far connect ECONNREFUSED']\n",
        HOME,
        "",
    }
}

/// Two hosts behind a translator, a port that leads to the second one, and somebody outside.
const HOME: &str = "links = ['pc1 - sw', 'pc2 - sw', 'home.lan - sw', 'home.wan - far']\n[host.pc1]\naddress = \"192.168.1.11/24\"\ngateway = \"192.168.1.1\"\n[host.pc2]\naddress = \"192.168.1.12/24\"\ngateway = \"192.168.1.1\"\n[switch.sw]\n[router.home]\ninterfaces = { lan = \"192.168.1.1/24\", wan = \"203.0.113.1/24\" }\nnat = { outside = \"wan\", forwards = [\"tcp 8080 to 192.168.1.12:80\"] }\n[host.far]\naddress = \"203.0.113.10/24\"\n[program]\nserver = '''\ns = socket(tcp)\ns.bind(\"\", 80)\ns.listen(5)\nc = s.accept()\nc.sendall(\"hello\")\nc.close()\n'''\nclient = '''\ns = socket(tcp)\ns.connect(\"203.0.113.1\", 8080)\ns.recv(100)\ns.close()\n'''\nstranger = '''\ns = socket(tcp)\ns.connect(\"203.0.113.1\", 7777)\n'''\n";

/// The longest frame with an ICMP error that h1 gets for a packet that is too long for the second link.
fn error_len(router: &str) -> usize {
    let text = format!(
        "title = \"quotes\"\nlinks = ['h1 - r.a']\nactions = ['0ms h1 ping h2 size 1400 df']\n[host.h1]\naddress = \"192.0.2.1/24\"\ngateway = \"192.0.2.254\"\n[host.h2]\naddress = \"198.51.100.1/24\"\ngateway = \"198.51.100.254\"\n[router.r]\n{router}interfaces = {{ a = \"192.0.2.254/24\", b = \"198.51.100.254/24\" }}\n[[link]]\nbetween = [\"r.b\", \"h2\"]\nmtu = 576\n"
    );
    let scenario = Scenario::parse("quotes", &text).expect("a scenario");
    let run = scenario.run(&RunOptions::default());
    let frames = frames_at(&scenario, &run, "h1");
    let errors = frames.iter().filter(|octets| octets[12..14] == [8, 0] && octets[34] == 3);
    errors.map(Vec::len).max().expect("an error")
}

#[test]
fn s36_an_error_quotes_the_header_and_8_octets_or_fills_576() {
    assert_eq!(error_len("long_quotes = false\n"), 14 + 20 + 8 + 28);
    assert_eq!(error_len(""), 14 + 576);
}

#[test]
fn s34_an_arp_frame_is_padded_to_60_octets() {
    let rule = RULES.iter().find(|rule| rule.0.starts_with("s34_an_unsolicited")).expect("the rule");
    let (scenario, run) = run(rule);
    let frames = frames_at(&scenario, &run, "h1");
    let arp: Vec<usize> = frames.iter().filter(|octets| octets[12..14] == [8, 6]).map(Vec::len).collect();
    assert!(arp.len() >= 3 && arp.iter().all(|len| *len == 60), "{arp:?}");
}
