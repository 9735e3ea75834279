//! Fields of the headers that carry one network through another.

use super::visit::Visit;
use super::{fields, names};
use crate::wire::registry::{ether_type_name, ppp_protocol_name};
use crate::wire::{Geneve, Gre, Mpls, Ppp, Pppoe, Vxlan};

fields! { PPPOE = Pppoe, "RFC 2516 §4";
    PPPOE_VERSION "pppoe.version" "version" Unsigned Plain;
    PPPOE_TYPE "pppoe.type" "type" Unsigned Plain;
    PPPOE_CODE "pppoe.code" "code" Unsigned Hex;
    PPPOE_SESSION "pppoe.session_id" "session id" Unsigned Hex;
    PPPOE_LENGTH "pppoe.length" "length" Unsigned Octets;
}

pub(super) fn pppoe<'a>(pppoe: Pppoe<'a>, out: &mut Visit<'a, '_>) {
    let bytes = pppoe.bytes();
    out.bits(&PPPOE_VERSION, bytes, (0, 1), (0, 4), |_| "");
    out.bits(&PPPOE_TYPE, bytes, (0, 1), (4, 4), |_| "");
    out.named(&PPPOE_CODE, bytes, 1, 1, names::pppoe_code);
    out.number(&PPPOE_SESSION, bytes, 2, 2);
    out.number(&PPPOE_LENGTH, bytes, 4, 2);
}

fields! { PPP = Ppp, "RFC 1661 §2";
    PPP_ADDRESS "ppp.address" "address and control" Unsigned Hex see "RFC 1662 §3.1";
    PPP_PROTOCOL "ppp.protocol" "protocol" Unsigned Hex;
}

pub(super) fn ppp(ppp: Ppp, out: &mut Visit<'_, '_>) {
    let at = if ppp.has_address { 2 } else { 0 };
    if ppp.has_address {
        out.worked_out(&PPP_ADDRESS, (0, 2), 0xff03, "");
    }
    let name = ppp_protocol_name(ppp.protocol);
    out.worked_out(&PPP_PROTOCOL, (at, usize::from(ppp.protocol_len)), u64::from(ppp.protocol), name);
}

fields! { MPLS = Mpls, "RFC 3032 §2.1";
    MPLS_LABEL "mpls.label" "label" Unsigned Plain;
    MPLS_CLASS "mpls.traffic_class" "traffic class" Unsigned Plain see "RFC 5462";
    MPLS_BOTTOM "mpls.bottom" "bottom of the stack" Unsigned Plain;
    MPLS_TTL "mpls.ttl" "time to live" Unsigned Plain;
}

pub(super) fn mpls(mpls: Mpls, out: &mut Visit<'_, '_>) {
    let label = u64::from(mpls.label());
    out.scaled_bits(&MPLS_LABEL, (0, 3), (0, 20), label, names::mpls_label(label));
    out.scaled_bits(&MPLS_CLASS, (2, 1), (4, 3), u64::from(mpls.traffic_class()), "");
    out.scaled_bits(&MPLS_BOTTOM, (2, 1), (7, 1), u64::from(mpls.is_bottom()), "");
    out.worked_out(&MPLS_TTL, (3, 1), u64::from(mpls.ttl()), "");
}

fields! { GRE = Gre, "RFC 2784 §2.1";
    GRE_FLAGS "gre.flags" "flags and version" Unsigned Hex;
    GRE_HAS_CHECKSUM "gre.flags.checksum" "checksum present" Boolean Plain depth 1;
    GRE_HAS_ROUTING "gre.flags.routing" "routing present" Boolean Plain depth 1 see "RFC 1701";
    GRE_HAS_KEY "gre.flags.key" "key present" Boolean Plain depth 1 see "RFC 2890 §2";
    GRE_HAS_SEQUENCE "gre.flags.sequence" "sequence number present" Boolean Plain depth 1 see "RFC 2890 §2";
    GRE_VERSION "gre.version" "version" Unsigned Plain depth 1;
    GRE_PROTOCOL "gre.protocol_type" "protocol type" Unsigned Hex;
    GRE_CHECKSUM "gre.checksum" "checksum" Unsigned Hex see "RFC 2784 §2.3";
    GRE_KEY "gre.key" "key" Unsigned Hex see "RFC 2890 §2.1";
    GRE_SEQUENCE "gre.sequence" "sequence number" Unsigned Plain see "RFC 2890 §2.2";
    GRE_ACKNOWLEDGMENT "gre.acknowledgment" "acknowledgment number" Unsigned Plain see "RFC 2637 §4.1";
}

pub(super) fn gre<'a>(gre: Gre<'a>, out: &mut Visit<'a, '_>) {
    let bytes = gre.bytes();
    out.number(&GRE_FLAGS, bytes, 0, 2);
    out.flag(&GRE_HAS_CHECKSUM, bytes, 0, 0);
    out.flag(&GRE_HAS_ROUTING, bytes, 0, 1);
    out.flag(&GRE_HAS_KEY, bytes, 0, 2);
    out.flag(&GRE_HAS_SEQUENCE, bytes, 0, 3);
    out.bits(&GRE_VERSION, bytes, (1, 1), (5, 3), |_| "");
    out.named(&GRE_PROTOCOL, bytes, 2, 2, |number| ether_type_name(number as u16));
    for (at, len, field) in [
        (gre.checksum_at(), 2, &GRE_CHECKSUM),
        (gre.key_at(), 4, &GRE_KEY),
        (gre.sequence_at(), 4, &GRE_SEQUENCE),
        (gre.acknowledgment_at(), 4, &GRE_ACKNOWLEDGMENT),
    ] {
        if let Some(at) = at {
            out.number(field, bytes, at, len);
        }
    }
}

fields! { VXLAN = Vxlan, "RFC 7348 §5";
    VXLAN_FLAGS "vxlan.flags" "flags" Unsigned Hex;
    VXLAN_VNI "vxlan.vni" "network identifier" Unsigned Plain;
}

pub(super) fn vxlan<'a>(vxlan: Vxlan<'a>, out: &mut Visit<'a, '_>) {
    out.number(&VXLAN_FLAGS, vxlan.bytes(), 0, 1);
    out.number(&VXLAN_VNI, vxlan.bytes(), 4, 3);
}

fields! { GENEVE = Geneve, "RFC 8926 §3.4";
    GENEVE_VERSION "geneve.version" "version" Unsigned Plain;
    GENEVE_OPTIONS_LEN "geneve.options_len" "options length" Unsigned Octets;
    GENEVE_CONTROL "geneve.control" "control packet" Boolean Plain;
    GENEVE_CRITICAL "geneve.critical_options" "critical options" Boolean Plain;
    GENEVE_PROTOCOL "geneve.protocol_type" "protocol type" Unsigned Hex;
    GENEVE_VNI "geneve.vni" "network identifier" Unsigned Plain;
    GENEVE_OPTIONS "geneve.options" "options" Octets Plain see "RFC 8926 §3.5";
}

pub(super) fn geneve<'a>(geneve: Geneve<'a>, out: &mut Visit<'a, '_>) {
    let bytes = geneve.bytes();
    out.bits(&GENEVE_VERSION, bytes, (0, 1), (0, 2), |_| "");
    out.scaled_bits(&GENEVE_OPTIONS_LEN, (0, 1), (2, 6), geneve.options_len() as u64, "");
    out.flag(&GENEVE_CONTROL, bytes, 1, 0);
    out.flag(&GENEVE_CRITICAL, bytes, 1, 1);
    out.named(&GENEVE_PROTOCOL, bytes, 2, 2, |number| ether_type_name(number as u16));
    out.number(&GENEVE_VNI, bytes, 4, 3);
    out.octets(&GENEVE_OPTIONS, bytes, 8, bytes.len(), "");
}
