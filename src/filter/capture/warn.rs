//! The classics: filters that do not mean what people think they mean.

use super::Target;
use super::ast::{Address, Arith, Expr, Operation, Primitive, Proto, Relation, Side};
use super::layout::Link;
use crate::filter::Span;

/// Something about a filter that surprises people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The place in the filter.
    pub span: Span,
    /// What happens there, and what to write if something else was meant.
    pub text: String,
}

/// Looks a filter through.
pub(super) fn warnings(text: &str, expr: &Expr, link: Link, target: Target) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut watch = Watch { text, link, target, found: &mut found, said: Vec::new() };
    watch.expr(expr, false);
    watch.tags(expr);
    found
}

struct Watch<'a> {
    text: &'a str,
    link: Link,
    target: Target,
    found: &'a mut Vec<Warning>,
    /// What was said once and is not said again.
    said: Vec<&'static str>,
}

impl Watch<'_> {
    fn say(&mut self, span: Span, text: impl Into<String>) {
        self.found.push(Warning { span, text: text.into() });
    }

    fn say_once(&mut self, about: &'static str, span: Span, text: &str) {
        if !self.said.contains(&about) {
            self.said.push(about);
            self.say(span, text);
        }
    }

    fn expr(&mut self, expr: &Expr, negated: bool) {
        match expr {
            Expr::And(parts) => {
                self.precedence(parts);
                self.both_of_one(parts);
                parts.iter().for_each(|part| self.expr(part, negated));
            }
            Expr::Or(parts) => {
                self.precedence(parts);
                self.not_or_not(parts);
                self.tag_before_an_alternative(parts);
                parts.iter().for_each(|part| self.expr(part, negated));
            }
            Expr::Not(inner, _) => self.expr(inner, !negated),
            Expr::Primitive(primitive, span) => self.primitive(primitive, *span, negated),
        }
    }

    /// `a or b and c` is `(a or b) and c`.
    fn precedence(&mut self, parts: &[Expr]) {
        let Some(first @ (Expr::And(_) | Expr::Or(_))) = parts.first() else { return };
        let span = first.span();
        let grouped = self.text[..span.start].trim_end().ends_with('(');
        if !grouped {
            let whole = parts.last().map_or(span, |last| span.to(last.span()));
            self.say(
                whole,
                format!(
                    "`and` and `or` bind equally and from the left: this is `({}) …`; use parentheses to group otherwise",
                    &self.text[span.range()]
                ),
            );
        }
    }

    /// `not port 80 or not port 443` is true of nearly everything.
    fn not_or_not(&mut self, parts: &[Expr]) {
        let negated: Vec<(&Primitive, Span)> = parts
            .iter()
            .filter_map(|part| match part {
                Expr::Not(inner, span) => match &**inner {
                    Expr::Primitive(primitive, _) => Some((primitive, *span)),
                    _ => None,
                },
                _ => None,
            })
            .collect();
        if let [(first, span), (second, end), ..] = negated[..]
            && std::mem::discriminant(first) == std::mem::discriminant(second)
            && matches!(first, Primitive::Port { .. } | Primitive::Host { .. } | Primitive::Protocol(_))
        {
            self.say(
                span.to(end),
                "no packet is both, so one of the two always holds: this matches nearly everything; `and` was probably meant",
            );
        }
    }

    /// `src host A and src host B`: no packet has two sources.
    fn both_of_one(&mut self, parts: &[Expr]) {
        let plain: Vec<(&Primitive, Span)> = parts
            .iter()
            .filter_map(|part| match part {
                Expr::Primitive(primitive, span) => Some((primitive, *span)),
                _ => None,
            })
            .collect();
        for (at, (first, span)) in plain.iter().enumerate() {
            for (second, end) in &plain[at + 1..] {
                let never = match (first, second) {
                    (
                        Primitive::Port { side: a, first: low, last: high, .. },
                        Primitive::Port { side: b, first: other_low, last: other_high, .. },
                    ) => a == b && *a != Side::Either && (high < other_low || other_high < low),
                    (
                        Primitive::Host { side: a, address: Address::V4 { address: x, mask: u32::MAX }, .. },
                        Primitive::Host { side: b, address: Address::V4 { address: y, mask: u32::MAX }, .. },
                    ) => a == b && *a != Side::Either && x != y,
                    (Primitive::Protocol(a), Primitive::Protocol(b)) => exclude(*a, *b),
                    _ => false,
                };
                if never {
                    self.say(span.to(*end), "no packet is both at once: this matches nothing; `or` was probably meant");
                    return;
                }
            }
        }
    }

    /// `vlan 5 or tcp`: what stands after `vlan` looks behind a tag, also where there is none.
    fn tag_before_an_alternative(&mut self, parts: &[Expr]) {
        for (at, part) in parts.iter().enumerate() {
            if at + 1 < parts.len()
                && let Some((word, span)) = shifting(part)
            {
                self.say(
                    span,
                    format!(
                        "all that follows `{word}` in the text looks behind it, also in the other alternatives: put the \
                         alternative with `{word}` last"
                    ),
                );
                return;
            }
        }
    }

    /// Tagged frames and what the filter makes of them.
    fn tags(&mut self, expr: &Expr) {
        if self.link != Link::Ethernet || shifting(expr).is_some() || !reads_network(expr) {
            return;
        }
        let span = expr.span();
        match self.target {
            Target::File => self.say(
                span,
                "of a frame with a VLAN tag none of this holds: the tag stands where the EtherType is looked for; add \
                 `or (vlan and (…))` at the end to look behind the tag too",
            ),
            Target::Kernel => self.say(
                span,
                "live, this looks behind a frame's VLAN tag, because the kernel takes the outermost tag out; the same filter \
                 on a file does not",
            ),
        }
    }

    fn primitive(&mut self, primitive: &Primitive, span: Span, negated: bool) {
        match primitive {
            Primitive::Port { .. } if !negated => {
                self.say_once(
                    "fragments",
                    span,
                    "only the first fragment of a datagram has ports: the others are not matched; add `or ip[6:2] & 0x1fff \
                     != 0` to keep them",
                );
                self.say_once(
                    "extensions",
                    span,
                    "with IPv6, ports are found only if no extension header stands before TCP, UDP or SCTP",
                );
            }
            Primitive::Compare(relation, left, right) => self.compare(*relation, left, right, span),
            Primitive::Host { address: Address::V4 { address, mask: u32::MAX }, .. }
                if !self.text[span.range()].contains('.') =>
            {
                self.say(span, format!("a single number is the whole address: this is {address}"));
            }
            Primitive::Host { address: Address::V4 { address, mask }, .. }
                if *mask != u32::MAX
                    && !self.text[span.range()].contains("net")
                    && !self.text[span.range()].contains(['/']) =>
            {
                self.say(
                    span,
                    format!("a short address is a network: this is {address}/{}, not a single host", mask.leading_ones()),
                );
            }
            Primitive::ProtocolNumber { proto: None | Some(Proto::Ip | Proto::Ip6), number: 256.. }
            | Primitive::ProtocolChain { number: 256.., .. } => {
                self.say(span, "protocol numbers have 8 bits: this is never true");
            }
            Primitive::Broadcast(Some(Proto::Ip)) => self.say(
                span,
                "the netmask of the network is not known here, so only 255.255.255.255 and 0.0.0.0 count; for a network's \
                 own broadcast address write `dst host ADDRESS`",
            ),
            Primitive::Multicast(Some(Proto::Ip)) => {
                self.say(span, "255.255.255.255 and the reserved addresses from 240.0.0.0 on count as well");
            }
            _ => {}
        }
    }

    fn compare(&mut self, relation: Relation, left: &Arith, right: &Arith, span: Span) {
        let header = first_header(left).or_else(|| first_header(right));
        if let Some(proto) = header
            && matches!(relation, Relation::NotEqual)
            && proto != Proto::Link
            && !matches!((left, right), (Arith::Binary(Operation::And, ..), Arith::Number(0)))
        {
            let word = proto.word();
            self.say(
                span,
                format!(
                    "a packet without `{word}` has no such field, and then this is false, not true; write `not ({})` if \
                     those packets are wanted too",
                    self.text[span.range()].replacen("!=", "=", 1)
                ),
            );
        }
        if let Some(proto @ (Proto::Tcp | Proto::Udp | Proto::Icmp | Proto::Sctp)) = header {
            let word = proto.word();
            let text = format!(
                "`{word}[…]` looks at IPv4 only; with IPv6 the header begins at `ip6[40]` if no extension header stands before it"
            );
            match proto {
                Proto::Icmp => {}
                _ => self.say_once("ipv4-only", span, &text),
            }
        }
        if relation == Relation::Equal
            && let (Arith::Load { proto: Proto::Tcp, index, size: 1, .. }, Arith::Number(bits)) = (left, right)
            && **index == Arith::Number(13)
        {
            self.say(
                span,
                format!(
                    "this asks that exactly these flags are set and no other, ECN's among them; for `is set at all` write \
                     `tcp[tcpflags] & {bits} != 0`"
                ),
            );
        }
        if relation == Relation::Equal
            && let (Arith::Binary(Operation::And, _, mask, _), Arith::Number(number)) = (left, right)
            && let Arith::Number(bits) = **mask
            && number & !bits != 0
        {
            self.say(span, format!("{number:#x} has bits that are not in the mask {bits:#x}: this is never true"));
        }
        if let (Relation::Equal, Arith::Load { size, .. }, Arith::Number(number)) = (relation, left, right)
            && *size < 4
            && *number >> (8 * u32::from(*size)) != 0
        {
            self.say(span, format!("{number} does not fit into {size} octets: this is never true"));
        }
        for side in [left, right] {
            if let Some(span) = unchecked(side) {
                self.say_once(
                    "unchecked",
                    span,
                    "as in tcpdump, only the left operand of arithmetic says which header must be there; what is read here is \
                     read from every packet: put the protocol before it with `and`",
                );
            }
        }
    }
}

/// True if no packet is of both protocols.
fn exclude(a: Proto, b: Proto) -> bool {
    use Proto::{Arp, Icmp, Icmp6, Igmp, Ip, Ip6, Rarp, Sctp, Tcp, Udp};
    let network = |proto| match proto {
        Ip | Icmp | Igmp => Some(0),
        Ip6 | Icmp6 => Some(1),
        Arp => Some(2),
        Rarp => Some(3),
        _ => None,
    };
    let carried = |proto| matches!(proto, Tcp | Udp | Sctp | Icmp | Icmp6 | Igmp);
    a != b
        && (matches!((network(a), network(b)), (Some(x), Some(y)) if x != y)
            || carried(a) && carried(b)
            || matches!(a, Arp | Rarp) && carried(b)
            || matches!(b, Arp | Rarp) && carried(a))
}

/// The word in an expression that moves what follows it, and its place.
fn shifting(expr: &Expr) -> Option<(&'static str, Span)> {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().find_map(shifting),
        Expr::Not(inner, _) => shifting(inner),
        Expr::Primitive(Primitive::Vlan(_), span) => Some(("vlan", *span)),
        Expr::Primitive(Primitive::Mpls(_), span) => Some(("mpls", *span)),
        Expr::Primitive(Primitive::PppoeSession(_), span) => Some(("pppoes", *span)),
        Expr::Primitive(Primitive::Geneve(_), span) => Some(("geneve", *span)),
        Expr::Primitive(..) => None,
    }
}

/// True if an expression reads the EtherType or what lies behind it.
fn reads_network(expr: &Expr) -> bool {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().any(reads_network),
        Expr::Not(inner, _) => reads_network(inner),
        Expr::Primitive(primitive, _) => match primitive {
            Primitive::Protocol(_)
            | Primitive::Port { .. }
            | Primitive::ProtocolNumber { .. }
            | Primitive::ProtocolChain { .. } => true,
            Primitive::Host { proto, .. } => *proto != Some(Proto::Link),
            Primitive::Compare(_, left, right) => {
                first_header(left).or_else(|| first_header(right)).is_some_and(|proto| proto != Proto::Link)
            }
            _ => false,
        },
    }
}

/// The header that a number is read from, the leftmost one.
fn first_header(value: &Arith) -> Option<Proto> {
    match value {
        Arith::Number(_) | Arith::Length => None,
        Arith::Load { proto, .. } => Some(*proto),
        Arith::Negate(inner) => first_header(inner),
        Arith::Binary(_, left, right, _) => first_header(left).or_else(|| first_header(right)),
    }
}

/// The place of a header that is read in a right operand, where nothing checks that the packet has it.
fn unchecked(value: &Arith) -> Option<Span> {
    match value {
        Arith::Number(_) | Arith::Length => None,
        Arith::Load { index, .. } => unchecked(index),
        Arith::Negate(inner) => unchecked(inner),
        Arith::Binary(_, left, right, _) => {
            let checked = first_header(left);
            let read = match &**right {
                Arith::Load { proto, span, .. } if *proto != Proto::Link && checked != Some(*proto) => Some(*span),
                Arith::Load { .. } => None,
                other => unchecked(other),
            };
            read.or_else(|| unchecked(left))
        }
    }
}
