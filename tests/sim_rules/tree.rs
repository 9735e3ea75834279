//! Rules 3.3: spanning tree, classic and rapid.

use super::*;

/// Three switches in a ring, a host at each.
const RING: &str = "links = ['h1 - sw1.1', 'h2 - sw2.1', 'h3 - sw3.1', 'sw1.2 - sw2.3', 'sw2.2 - sw3.3', 'sw3.2 - sw1.3']\n[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[host.h3]\naddress = \"192.0.2.3/24\"\n";
const CLASSIC: &str = "[switch.sw1]\nstp = \"classic\"\n[switch.sw2]\nstp = \"classic\"\n[switch.sw3]\nstp = \"classic\"\npriority = 4096\n";
const RAPID: &str = "[switch.sw1]\nstp = \"rapid\"\nedge_ports = [1]\n[switch.sw2]\nstp = \"rapid\"\nedge_ports = [1]\n[switch.sw3]\nstp = \"rapid\"\nedge_ports = [1]\n";

rules! {
    s33_the_lowest_bridge_id_is_the_root_and_the_farthest_cable_blocks {
        "until = '39900ms'\nactions = ['35s h1 broadcast \"x\"']\nexpect = ['sw1 says \"the root is 4096/\"', 'sw2 says \"the root is 4096/\"', 'frames h2 in broadcast = 1', 'frames h3 in broadcast = 1', 'drops port-state >= 1', 'in-flight = 0']\n",
        RING,
        CLASSIC,
    }
    s33_a_port_listens_for_15_s_and_learns_for_15_s {
        "until = '31s'\nactions = ['14900ms h1 frame \"x\"', '15100ms h1 frame \"y\"', '29900ms h2 frame \"z\"', '30100ms h1 frame \"now\" to h2']\nexpect = ['sw learned = 3', 'sw aged >= 1', 'drops port-state at sw = 3', 'sw forwarded = 1', 'frames h3 in broadcast = 0']\n",
        STAR,
        "[switch.sw]\nstp = \"classic\"\n",
    }
    s33_the_blocked_port_takes_over_within_50_s {
        "until = '112s'\nactions = ['60s unplug sw3.2', '111s h1 broadcast \"x\"']\nexpect = ['frames h2 in broadcast = 1', 'frames h3 in broadcast = 1']\n",
        RING,
        CLASSIC,
    }
    s33_messages_of_bridges_reach_the_next_one_and_no_further {
        "until = '3s'\nexpect = ['frames h1 in bpdu >= 2', 'frames h1 out any = 0', 'frames sw2.1 in bpdu = 0', 'sw1 forwarded = 0', 'sw1 flooded = 0']\n",
        RING,
        CLASSIC,
    }
    s33_rapid_ports_forward_within_100_ms_and_take_over_at_once {
        "until = '1200ms'\nactions = ['100ms h1 broadcast \"x\"', '1s unplug sw1.2', '1100ms h1 broadcast \"y\"']\nexpect = ['frames h2 in broadcast = 2', 'frames h3 in broadcast = 2', 'frames h1 in broadcast = 0', 'sw2 says \"the bridge behind it agreed\"']\n",
        RING,
        RAPID,
    }
    s33_rapid_finds_another_root_when_the_root_is_cut_off {
        "until = '8900ms'\nactions = ['1s unplug sw1.2', '1s unplug sw1.3', '8s h2 broadcast \"x\"']\nexpect = ['frames h3 in broadcast = 1', 'frames h1 in broadcast = 0', 'in-flight = 0']\n",
        RING,
        RAPID,
    }
    s33_two_ports_on_one_hub_are_no_loop_with_spanning_tree {
        "until = '39900ms'\nactions = ['35s h1 broadcast \"x\"']\nexpect = ['frames h2 in broadcast = 1', 'in-flight = 0', 'sw says \"another port of this bridge serves the segment\"']\n",
        "links = ['h1 - hub', 'hub - sw.1', 'hub - sw.2', 'h2 - sw.3']\n[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[hub.hub]\n",
        "[switch.sw]\nstp = \"classic\"\n",
    }
}
