//! Rules 3.1: the learning bridge, hubs and wires.

use super::*;

rules! {
    b1_a_frame_from_a_group_or_from_nobody_is_dropped {
        "actions = ['0ms h1 frame \"x\" from 01:00:5e:00:00:01', '1ms h1 frame \"x\" from 00:00:00:00:00:00', '2ms h1 frame \"x\"']\nexpect = ['drops bad-source at sw = 2', 'frames h2 in any = 1', 'sw learned = 1']\n",
        STAR,
        "[switch.sw]\n",
    }
    b1_a_damaged_frame_is_dropped_and_teaches_nothing {
        "actions = ['0ms h1 frame \"x\" count 5']\nexpect = ['drops bad-fcs at sw = 5', 'sw learned = 0']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[[link]]\nbetween = [\"h1\", \"sw\"]\ncorrupt = 100\n[[link]]\nbetween = [\"h2\", \"sw\"]\n",
        "[switch.sw]\n",
    }
    b1_a_frame_longer_than_the_link_may_carry_is_dropped {
        "links = ['h2 - sw']\nactions = ['0ms h1 frame size 1500', '1ms h1 frame size 1501']\nexpect = ['drops too-long = 1', 'frames h2 in any = 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[[link]]\nbetween = [\"h1\", \"sw\"]\n",
        "[switch.sw]\n",
    }
    b2_an_address_seen_elsewhere_has_moved {
        "actions = ['0ms h1 frame \"x\" from 02:00:00:00:00:77', '1ms h2 frame \"x\" from 02:00:00:00:00:77', '2ms h3 frame \"x\" to 02:00:00:00:00:77']\nexpect = ['sw moved = 1', 'frames h2 in any = 2', 'frames h1 in any = 1']\n",
        STAR,
        "[switch.sw]\n",
    }
    b2_an_entry_by_hand_neither_moves_nor_ages {
        "until = '20s'\nactions = ['0ms h1 frame \"x\" from 02:00:00:00:00:77', '15s h2 frame \"x\" to 02:00:00:00:00:77']\nexpect = ['sw moved = 0', 'frames h3 in any = 2', 'frames h1 in any = 0']\n",
        STAR,
        "[switch.sw]\nageing = \"10s\"\nfixed = [\"02:00:00:00:00:77 on 3\"]\n",
    }
    b3_reserved_addresses_never_leave_their_link {
        "actions = ['0ms h1 frame \"x\" to 01:80:c2:00:00:00', '1ms h1 frame \"x\" to 01:80:c2:00:00:0e', '2ms h1 frame \"x\" to 01:80:c2:00:00:10']\nexpect = ['drops reserved = 2', 'frames h2 in any = 1']\n",
        STAR,
        "[switch.sw]\n",
    }
    b3_linux_without_spanning_tree_relays_the_first_of_them {
        "actions = ['0ms h1 frame \"x\" to 01:80:c2:00:00:00', '1ms h1 frame \"x\" to 01:80:c2:00:00:0e']\nexpect = ['drops reserved = 1', 'frames h2 in any = 1']\n",
        STAR,
        "[switch.sw]\nprofile = \"linux\"\n",
    }
    b4_what_is_behind_the_port_of_arrival_is_filtered {
        "links = ['h1 - hub', 'h2 - hub', 'hub - sw.1', 'h3 - sw.2']\nactions = ['0ms h1 ping h2', '10ms h1 ping h2']\nexpect = ['h1 ping h2 ok', 'drops same-port at sw = 5', 'frames h3 in any = 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[host.h3]\naddress = \"192.0.2.3/24\"\n[hub.hub]\n",
        "[switch.sw]\n",
    }
    b4_with_no_other_port_there_is_nowhere_to_go {
        "links = ['h1 - sw']\nactions = ['0ms h1 frame \"x\"']\nexpect = ['drops nowhere-to-go = 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n",
        "[switch.sw]\n",
    }
    b4_a_vlan_stays_in_its_ports_and_a_foreign_tag_may_not_enter {
        "actions = ['0ms h1 frame \"x\"', '1ms h1 frame \"x\" vlan 30', '2ms h3 frame \"x\" vlan 10', '3ms h3 frame \"x\" vlan 20']\nexpect = ['drops vlan at sw = 1', 'frames h2 in any = 1', 'frames h2 in tagged = 0', 'frames h1 in any = 1', 'frames h3 in any = 1', 'frames h3 in tagged = 1']\n",
        STAR,
        "[switch.sw]\nvlans = { 1 = \"access 10\", 2 = \"access 20\", 3 = \"trunk allowed 10,20\" }\n",
    }
    b5_an_address_is_forgotten_after_its_time_and_a_look_up_does_not_refresh_it {
        "until = '12s'\nactions = ['0ms h1 frame \"x\"', '1ms h2 frame \"x\" to h1', '9s h2 frame \"x\" to h1', '11s h2 frame \"x\" to h1']\nexpect = ['sw aged >= 1', 'frames h3 in any = 2', 'drops unknown-unicast = 0']\n",
        STAR,
        "[switch.sw]\nageing = \"10s\"\n",
    }
    b5_a_full_table_learns_no_more_and_floods_on {
        "actions = ['0ms h1 frame \"x\"', '1ms h2 frame \"x\"', '2ms h3 frame \"x\" to h2', '3ms h3 frame \"x\" to h1']\nexpect = ['sw learned = 1', 'sw not-learned = 3', 'frames h1 in any = 3', 'frames h2 in any = 2']\n",
        STAR,
        "[switch.sw]\ntable = 1\n",
    }
    b6_an_unplugged_cable_flushes_its_entries {
        "actions = ['0ms h1 frame \"x\"', '1ms unplug sw.1', '2ms h2 frame \"x\" to h1', '3ms h1 frame \"x\"']\nexpect = ['sw aged = 1', 'frames h3 in any = 2', 'drops link-down = 1']\n",
        STAR,
        "[switch.sw]\n",
    }
    b7_a_full_queue_drops {
        "links = ['h1 - sw.1', 'h3 - sw.3']\nactions = ['0ms h1 broadcast size 1000', '0ms h3 broadcast size 1000', '0ms h3 broadcast size 1000', '0ms h3 broadcast size 1000']\nexpect = ['drops queue-full at sw >= 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[host.h3]\naddress = \"192.0.2.3/24\"\n[[link]]\nbetween = [\"h2\", \"sw.2\"]\nrate = \"1M\"\nqueue = 1\n",
        "[switch.sw]\n",
    }
    b6_a_port_without_a_cable_loses_what_it_sends {
        "actions = ['0ms h1 frame \"x\"']\nexpect = ['drops no-link = 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n",
        "",
    }
    b2_a_port_that_listens_learns_nothing {
        "until = '20s'\nactions = ['10s h1 frame \"x\"', '16s h2 frame \"x\"']\nexpect = ['sw learned = 1', 'sw learns h2 on 2', 'drops port-state at sw = 2', 'frames h3 in ipv4 = 0']\n",
        STAR,
        "[switch.sw]\nstp = \"classic\"\n",
    }
    b4_unknown_is_flooded_and_known_goes_to_one_port_only {
        "actions = ['0ms h1 frame \"x\" to h2', '1ms h2 frame \"x\" to h1', '2ms h1 frame \"x\" to h2']\nexpect = ['frames h3 in any = 1', 'frames h2 in any = 2', 'frames h1 in any = 1', 'sw flooded = 1', 'sw forwarded = 2']\n",
        STAR,
        "[switch.sw]\n",
    }
    b4_a_broadcast_leaves_by_every_port_but_its_own {
        "actions = ['0ms h1 frame \"x\"', '1ms h2 frame \"x\" to 01:00:5e:01:02:03']\nexpect = ['frames h1 in any = 1', 'frames h2 in any = 1', 'frames h3 in any = 2', 'sw flooded = 2']\n",
        STAR,
        "[switch.sw]\n",
    }
    b5_after_a_topology_change_addresses_age_within_the_forward_delay {
        "until = '48s'\nactions = ['31s h1 frame \"x\"', '47s h2 frame \"x\" to h1']\nexpect = ['sw aged >= 1', 'frames h3 in tagged = 0', 'sw flooded = 2']\n",
        STAR,
        "[switch.sw]\nstp = \"classic\"\n",
    }
    b6_a_hub_repeats_on_all_its_other_ports {
        "links = ['h1 - hub', 'h2 - hub', 'h3 - hub']\nactions = ['0ms h1 frame \"x\" to h2', '1ms h2 frame \"x\" to h1']\nexpect = ['frames h3 in any = 2', 'frames h1 in any = 1', 'frames h2 in any = 1', 'copies = 4']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[host.h3]\naddress = \"192.0.2.3/24\"\n[hub.hub]\n",
        "",
    }
}
