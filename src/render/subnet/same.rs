//! Where a packet goes next: two ANDs, compared.

use super::{bits, line, remarks};
use crate::lang::{Lang, tell};
use crate::render::style::{HEADING, Paint};
use crate::subnet::{Decision, Family, NextHop};

/// Appends a decision with its reasons.
pub fn decision(decision: &Decision, paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    let (sender, target) = (decision.sender.block, decision.target.block);
    let heading = tell!(lang, "{} sends to {}", sender.address(), target.address());
    line(out, format_args!("{}", paint.text(&heading, HEADING)));
    let addresses = [sender.address(), target.address(), sender.netmask(), sender.network(), target.network()];
    let width = addresses.iter().map(|address| address.to_string().len()).max().unwrap_or_default();
    let len = sender.prefix_len();
    out.push(b'\n');
    for (name, side) in [("sender", sender), ("target", target)] {
        bits::row(name, side.address(), len, width, paint, out);
        bits::row("AND mask", side.netmask(), len, width, paint, out);
        bits::row("network", side.network(), len, width, paint, out);
        out.push(b'\n');
    }
    let (own, other) = (sender.truncated(), target.truncated());
    let compared = if decision.same_network {
        tell!(lang, "both ANDs give {}: the same network", own)
    } else {
        tell!(lang, "{} is not {}: another network", other, own)
    };
    line(out, format_args!("  {compared}"));
    line(out, format_args!("  {}", paint.text(&conclusion(decision, lang), HEADING)));
    remarks(&decision.remarks, paint, out);
}

/// What is done, in one sentence.
fn conclusion(decision: &Decision, lang: Lang) -> String {
    let target = decision.target.block.address();
    let question = match decision.sender.block.family() {
        Family::Ipv4 => "ARP",
        Family::Ipv6 => "neighbour solicitation",
    };
    let group = decision.solicited_node.map_or_else(String::new, |group| tell!(lang, ", asked in {}", group));
    match decision.next_hop {
        NextHop::Itself => tell!(lang, "{} is the host itself", target),
        NextHop::Direct { ask_for } => {
            tell!(lang, "{} for {} directly{}; the frame goes to its MAC address", lang.say(question), ask_for, group)
        }
        NextHop::Gateway { ask_for } => tell!(
            lang,
            "{} for the gateway {}{}; the frame goes to the gateway's MAC address, the packet in it still to {}",
            lang.say(question),
            ask_for,
            group,
            target
        ),
        NextHop::Group { mac } => tell!(lang, "nobody is asked: the frame goes to {}", mac),
        NextHop::Unreachable => lang.say("the packet cannot be sent").to_owned(),
    }
}
