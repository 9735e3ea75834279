//! Reading a mask: as a length, in dotted decimal, in hexadecimal, or inverted if that was asked for.

use std::net::IpAddr;

use crate::base::text::harmless;
use crate::subnet::{Family, Refusal, grouped};

/// How a dotted mask is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MaskStyle {
    /// Ones over the network part.
    #[default]
    Mask,
    /// Inverted, ones over the host part, as access lists of routers write it.
    Wildcard,
}

/// Reads the mask of an address of `family` and gives its prefix length.
///
/// # Errors
/// When it is no length of the family, or its ones do not stand together at the left (with
/// [`MaskStyle::Wildcard`]: at the right). The first bit that is out of order is shown.
pub fn mask(text: &str, family: Family, style: MaskStyle) -> Result<u8, Refusal> {
    let text = text.trim();
    let text = text.strip_prefix('/').unwrap_or(text);
    let shown = harmless(text);
    if text.is_empty() {
        return Err(Refusal::new("the length after the slash is missing").hint(match family {
            Family::Ipv4 => "write it as /24 or /255.255.255.0",
            Family::Ipv6 => "write it as /64",
        }));
    }
    if text.bytes().all(|octet| octet.is_ascii_digit()) {
        return length(text, family);
    }
    if text.starts_with('-') || text.starts_with('+') {
        return Err(Refusal::new(format!("'/{shown}' is no prefix length: {family} has /0 to /{}", family.bits())));
    }
    let bits = match mask_address(text, family)? {
        address if Family::of(address) == family => address,
        address => {
            return Err(Refusal::new(format!(
                "'{address}' is an {} mask, and the address is {family}",
                Family::of(address)
            )));
        }
    };
    match (style, ones_at_left(bits), ones_at_left(inverted(bits))) {
        (MaskStyle::Mask, Some(len), _) | (MaskStyle::Wildcard, _, Some(len)) => Ok(len),
        (MaskStyle::Mask, None, Some(len)) => Err(Refusal::new(format!(
            "{bits} is a wildcard, a mask turned inside out: its ones stand over the host part"
        ))
        .meant(format!("/{len}"))
        .hint(format!("that is mask {}; --wildcard takes it as it is", inverted(bits)))),
        (MaskStyle::Wildcard, Some(len), None) => {
            Err(Refusal::new(format!("{bits} is a mask, and with --wildcard an inverted one is expected"))
                .meant(inverted(bits).to_string())
                .hint(format!("or leave --wildcard out: it is /{len}")))
        }
        (_, None, None) => Err(broken(bits, style)),
    }
}

/// A prefix length in decimal digits.
fn length(text: &str, family: Family) -> Result<u8, Refusal> {
    let number = text.trim_start_matches('0');
    match text.parse::<u8>() {
        Ok(len) if len <= family.bits() => {
            if text.len() > 1 && text.starts_with('0') {
                return Err(Refusal::new(format!("the length '/{text}' has a leading zero")).meant(format!("/{len}")));
            }
            Ok(len)
        }
        _ => {
            let refusal = Refusal::new(format!(
                "/{text} is too long: an {family} address has {} bits, so lengths go from /0 to /{}",
                family.bits(),
                family.bits()
            ));
            Err(match (family, number.len()) {
                // 255 and the like: somebody began to write a mask.
                (Family::Ipv4, 3)
                    if number.parse::<u8>().is_ok_and(|octet| octet.leading_ones() + octet.trailing_zeros() >= 8) =>
                {
                    refusal.hint(format!("a mask has four octets, as in {number}.0.0.0"))
                }
                _ => refusal,
            })
        }
    }
}

/// A mask written as an address or in hexadecimal.
fn mask_address(text: &str, family: Family) -> Result<IpAddr, Refusal> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    if let Some(digits) = digits {
        let wanted = usize::from(family.bits() / 4);
        if digits.len() != wanted && digits.bytes().all(|octet| octet.is_ascii_hexdigit()) {
            return Err(Refusal::new(format!(
                "'{}' has {} hexadecimal digits, and an {family} mask has {wanted}",
                harmless(text),
                digits.len()
            )));
        }
    }
    if family == Family::Ipv4
        && digits.is_none()
        && text.len() == 8
        && text.bytes().all(|octet| octet.is_ascii_hexdigit())
    {
        return Err(Refusal::new(format!("'{text}' looks hexadecimal, but does not say so")).meant(format!("0x{text}")));
    }
    super::address(text, &mut Vec::new()).map_err(|refusal| Refusal {
        reason: format!("'{}' is no mask: {}", harmless(text), refusal.reason),
        ..refusal
    })
}

fn inverted(mask: IpAddr) -> IpAddr {
    let family = Family::of(mask);
    family.address(family.largest() ^ Family::number(mask))
}

/// How many ones stand together at the left if there are no others.
fn ones_at_left(mask: IpAddr) -> Option<u8> {
    let len = leading_ones(mask);
    (len + trailing_zeros(mask) == Family::of(mask).bits()).then_some(len)
}

fn leading_ones(mask: IpAddr) -> u8 {
    let unused = 128 - u32::from(Family::of(mask).bits());
    (Family::number(mask) << unused).leading_ones() as u8
}

fn trailing_zeros(mask: IpAddr) -> u8 {
    (Family::number(mask).trailing_zeros() as u8).min(Family::of(mask).bits())
}

/// A mask with holes: shows the bits and points at the first that is out of order.
fn broken(mask: IpAddr, style: MaskStyle) -> Refusal {
    let family = Family::of(mask);
    let (name, one, zero, straight) = match style {
        MaskStyle::Mask => ("mask", '1', '0', mask),
        MaskStyle::Wildcard => ("wildcard", '0', '1', inverted(mask)),
    };
    let ones = leading_ones(straight);
    // The first one after the first zero.
    let rest = Family::number(straight) << (128 - u32::from(family.bits())) << ones;
    let position = ones + rest.leading_zeros() as u8;
    let drawing = grouped(mask, family.bits());
    let drawing = drawing.trim_end_matches('|');
    let group = if family == Family::Ipv4 { 8 } else { 16 };
    let column = usize::from(position + position / group);
    let side = if style == MaskStyle::Mask {
        "ones must stand together at the left"
    } else {
        "ones must stand together at the right"
    };
    let refusal = Refusal::new(format!(
        "{mask} is no {name}: its {side}\n  {drawing}\n  {:column$}^ bit {} is {one} after a {zero}",
        "",
        position + 1
    ));
    let whole = family.bits() - trailing_zeros(straight);
    refusal.meant(format!("/{ones}")).meant(format!("/{whole}"))
}
