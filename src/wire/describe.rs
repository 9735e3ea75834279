//! Every field of every layer: its name, where it lies, what it says, and where the standard says so.
//!
//! Two things live here. The *registry* is a static table of [`Field`] definitions, one per field that netlab knows;
//! JSON keys, CSV columns, `-T fields` and display filters all use its names, so that each name exists once. The
//! *visit* hands out the fields of one layer of one frame as [`FieldValue`]s, in the order of the wire and without
//! allocation; only fields whose octets were captured are visited.
//!
//! ```
//! use netlab::wire::{LinkType, decode, describe};
//!
//! let octets = [0, 80, 0, 53, 0, 8, 0, 0];
//! let packet = [&[0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2][..], &octets].concat();
//! let frame = decode(LinkType::RAW, &packet, 28);
//! let port = describe::find("udp.source_port").unwrap();
//! let mut seen = Vec::new();
//! for located in frame.layers() {
//!     describe::visit(located, &mut |value| {
//!         if std::ptr::eq(value.field, port) {
//!             seen.push((value.start, value.to_string()));
//!         }
//!     });
//! }
//! assert_eq!(seen, [(20, "80".to_owned())]);
//! ```

mod icmp;
mod link;
mod names;
mod net;
mod summary;
mod transport;
mod tunnel;
mod visit;

use std::fmt::{self, Display as _};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::layer::{Layer, LayerKind, Located};
use super::other::CutHeader;
use crate::base::MacAddr;
use crate::base::text::harmless_octets;

pub use summary::summary;
use visit::Visit;

/// The definition of a field.
#[derive(Debug)]
pub struct Field {
    /// The stable name: the layer, a point, the field, in snake_case. The same in JSON, CSV and filters.
    pub name: &'static str,
    /// What people read in the field tree.
    pub label: &'static str,
    /// The kind of layer that has it.
    pub layer: LayerKind,
    /// What its values are.
    pub kind: FieldKind,
    /// How its values are written.
    pub style: Style,
    /// Depth below the layer: 0 for a field, 1 for a part of the field before it, and so on.
    pub depth: u8,
    /// Document and section that define it.
    pub section: &'static str,
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FieldKind {
    Unsigned,
    Boolean,
    Mac,
    Ipv4,
    Ipv6,
    Octets,
    Text,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// In the decimal system; for values that are not numbers the only style.
    Plain,
    /// As `0x…` with as many digits as its octets have.
    Hex,
    /// As text where it is text.
    Quoted,
    /// In decimal, followed by the unit.
    Octets,
    /// In units of 1/256 second, written in seconds.
    Seconds256,
}

/// One field of one frame.
#[derive(Clone, Copy, Debug)]
pub struct FieldValue<'a> {
    /// Its definition; two values are of the same field if these point to the same place.
    pub field: &'static Field,
    /// First octet it touches, from the start of the frame.
    pub start: u32,
    /// Octets it touches; 0 if it follows from other fields.
    pub len: u32,
    /// Which bits of these octets it has; `None` if all.
    pub bits: Option<BitRange>,
    /// The value.
    pub value: Value<'a>,
    /// What the value stands for, as `echo request` for 8; empty if there is nothing to say.
    pub meaning: &'static str,
}

/// Bits within the octets of a field, counted from the most significant bit of the first octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitRange {
    /// The first bit, from 0.
    pub first: u8,
    /// How many.
    pub count: u8,
}

/// A raw value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Value<'a> {
    Unsigned(u64),
    Boolean(bool),
    Mac(MacAddr),
    Ipv4(Ipv4Addr),
    Ipv6(Ipv6Addr),
    Octets(&'a [u8]),
    Text(&'static str),
}

impl fmt::Display for FieldValue<'_> {
    /// Writes the value for people, its meaning in parentheses; harmless to print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw().fmt(f)?;
        if !self.meaning.is_empty() {
            write!(f, " ({})", self.meaning)?;
        }
        Ok(())
    }
}

impl<'a> FieldValue<'a> {
    /// The value without its meaning, as CSV and `-T fields` show it; harmless to print.
    pub fn raw(&self) -> impl fmt::Display + use<'a> {
        let (value, style, len) = (self.value, self.field.style, self.len);
        let bits = self.bits.map_or(len * 8, |bits| u32::from(bits.count));
        fmt::from_fn(move |f| match (value, style) {
            (Value::Unsigned(number), Style::Hex) => {
                write!(f, "{number:#0width$x}", width = 2 + bits.div_ceil(4) as usize)
            }
            (Value::Unsigned(number), Style::Octets) => {
                write!(f, "{number} octet{}", if number == 1 { "" } else { "s" })
            }
            (Value::Unsigned(number), Style::Seconds256) => write!(f, "{} s", number as f64 / 256.0),
            (Value::Unsigned(number), _) => write!(f, "{number}"),
            (Value::Boolean(flag), _) => f.write_str(if flag { "set" } else { "not set" }),
            (Value::Mac(address), _) => address.fmt(f),
            (Value::Ipv4(address), _) => address.fmt(f),
            (Value::Ipv6(address), _) => address.fmt(f),
            (Value::Octets(octets), Style::Quoted) => write!(f, "\"{}\"", harmless_octets(octets)),
            (Value::Octets(octets), _) => octets.iter().try_for_each(|octet| write!(f, "{octet:02x}")),
            (Value::Text(text), _) => f.write_str(text),
        })
    }
}

/// The tables of all fields, by kind of layer in the order of [`LayerKind`].
const TABLES: &[(LayerKind, &[&Field])] = &[
    (LayerKind::Ethernet, link::ETHERNET),
    (LayerKind::Sll, link::SLL),
    (LayerKind::Loopback, link::LOOPBACK),
    (LayerKind::Vlan, link::VLAN),
    (LayerKind::Llc, link::LLC),
    (LayerKind::Stp, link::STP),
    (LayerKind::Pppoe, tunnel::PPPOE),
    (LayerKind::Ppp, tunnel::PPP),
    (LayerKind::Mpls, tunnel::MPLS),
    (LayerKind::Arp, net::ARP),
    (LayerKind::Ipv4, net::IPV4),
    (LayerKind::Ipv6, net::IPV6),
    (LayerKind::Ipv6Extension, net::IPV6_EXTENSION),
    (LayerKind::Icmpv4, icmp::ICMPV4),
    (LayerKind::Icmpv6, icmp::ICMPV6),
    (LayerKind::Igmp, icmp::IGMP),
    (LayerKind::Udp, transport::UDP),
    (LayerKind::Tcp, transport::TCP),
    (LayerKind::Gre, tunnel::GRE),
    (LayerKind::Vxlan, tunnel::VXLAN),
    (LayerKind::Geneve, tunnel::GENEVE),
    (LayerKind::Other, link::OTHER),
];

/// The fields that layers of this kind can have, in the order of the wire; empty for [`LayerKind::Frame`].
pub fn fields_of(kind: LayerKind) -> &'static [&'static Field] {
    TABLES.iter().find(|(table, _)| *table == kind).map_or(&[], |(_, fields)| fields)
}

/// Every field, by layer from the outermost kind inwards.
pub fn all() -> impl Iterator<Item = &'static Field> {
    TABLES.iter().flat_map(|(_, fields)| fields.iter().copied())
}

/// The field of this name.
pub fn find(name: &str) -> Option<&'static Field> {
    all().find(|field| field.name == name)
}

/// Hands every captured field of a layer to `each`, in the order of the wire. A field may come several times, as the
/// options of a header do.
pub fn visit<'a>(located: &Located<'a>, each: &mut dyn FnMut(FieldValue<'a>)) {
    let mut out = Visit::new(located, each);
    match located.layer {
        Layer::Ethernet(ethernet) => link::ethernet(ethernet, &mut out),
        Layer::Sll(sll) => link::sll(sll, &mut out),
        Layer::Loopback(loopback) => link::loopback(loopback, &mut out),
        Layer::Vlan(vlan) => link::vlan(vlan, &mut out),
        Layer::Llc(llc) => link::llc(llc, &mut out),
        Layer::Stp(stp) => link::stp(stp, &mut out),
        Layer::Pppoe(pppoe) => tunnel::pppoe(pppoe, &mut out),
        Layer::Ppp(ppp) => tunnel::ppp(ppp, &mut out),
        Layer::Mpls(mpls) => tunnel::mpls(mpls, &mut out),
        Layer::Arp(arp) => net::arp(arp, &mut out),
        Layer::Ipv4(ip) => net::ipv4(ip, &mut out),
        Layer::Ipv6(ip) => net::ipv6(ip, &mut out),
        Layer::Ipv6Extension(extension) => net::ipv6_extension(extension, &mut out),
        Layer::Icmpv4(icmp) => icmp::icmpv4(icmp, &mut out),
        Layer::Icmpv6(icmp) => icmp::icmpv6(icmp, &mut out),
        Layer::Igmp(igmp) => icmp::igmp(igmp, &mut out),
        Layer::Udp(udp) => transport::udp(udp, &mut out),
        Layer::Tcp(tcp) => transport::tcp(tcp, &mut out),
        Layer::Gre(gre) => tunnel::gre(gre, &mut out),
        Layer::Vxlan(vxlan) => tunnel::vxlan(vxlan, &mut out),
        Layer::Geneve(geneve) => tunnel::geneve(geneve, &mut out),
        Layer::CutTransport(cut) => transport::cut(cut, &mut out),
        Layer::CutHeader(cut) => visit_cut(cut, &mut out),
        Layer::Other(other) => link::other(other, &mut out),
    }
}

/// The fields that lie before the cut.
fn visit_cut<'a>(cut: CutHeader<'a>, out: &mut Visit<'a, '_>) {
    match cut.kind {
        LayerKind::Ethernet => link::ethernet_octets(cut.bytes(), out),
        LayerKind::Arp => net::arp_octets(cut.bytes(), out),
        LayerKind::Ipv4 => net::ipv4_octets(cut.bytes(), out),
        LayerKind::Ipv6 => net::ipv6_octets(cut.bytes(), out),
        LayerKind::Icmpv4 => icmp::icmpv4_octets(cut.bytes(), out),
        LayerKind::Icmpv6 => icmp::icmpv6_octets(cut.bytes(), out),
        _ => {}
    }
}

/// Defines fields and their table:
/// `TABLE = Layer, "section of all"; ID "name" "label" Kind Style [depth N] [see "its own section"]; …`
macro_rules! fields {
    ($table:ident = $layer:ident, $section:literal;
     $($id:ident $name:literal $label:literal $kind:ident $style:ident $(depth $depth:literal)? $(see $own:literal)?;)*) => {
        $(static $id: $crate::wire::describe::Field = $crate::wire::describe::Field {
            name: $name,
            label: $label,
            layer: $crate::wire::LayerKind::$layer,
            kind: $crate::wire::describe::FieldKind::$kind,
            style: $crate::wire::describe::Style::$style,
            depth: 0 $(+ $depth)?,
            section: $crate::wire::describe::first_of(&[$($own,)? $section]),
        };)*
        pub(super) static $table: &[&$crate::wire::describe::Field] = &[$(&$id),*];
    };
}
use fields;

const fn first_of(sections: &[&'static str]) -> &'static str {
    sections[0]
}

#[cfg(test)]
mod tests;
