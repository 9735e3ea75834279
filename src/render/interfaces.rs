//! The list of interfaces, as a table and as JSON.

use serde::Serialize;

use super::style::Paint;
use super::table::Table;
use crate::base::text::harmless;

/// The interfaces of a host.
#[derive(Clone, Debug, Serialize)]
pub struct InterfaceList {
    netlab: &'static str,
    version: u32,
    interfaces: Vec<Row>,
}

/// One interface.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its index, from 1.
    pub index: u32,
    /// `up`, `no-link` or `down`.
    pub state: &'static str,
    /// True if it leads back to the host itself.
    pub loopback: bool,
    /// What captured packets begin with.
    pub link: &'static str,
    /// MAC address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// Addresses with their masks.
    pub addresses: Vec<Address>,
    /// Octets of the largest IP packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
}

/// An address of an interface.
#[derive(Clone, Debug, Serialize)]
pub struct Address {
    /// The address.
    pub address: String,
    /// Length of the network's prefix.
    pub prefix_len: u8,
}

impl InterfaceList {
    /// A list of these.
    pub fn new(interfaces: Vec<Row>) -> InterfaceList {
        InterfaceList { netlab: "interfaces", version: 1, interfaces }
    }

    /// Appends one JSON document.
    pub fn json(&self, out: &mut Vec<u8>) {
        // Plain data into memory cannot fail.
        let _ = serde_json::to_writer_pretty(&mut *out, self);
        out.push(b'\n');
    }

    /// Appends a table.
    pub fn text(&self, width: usize, paint: Paint, out: &mut Vec<u8>) {
        let mut table = Table::new(width, paint, &["name", "state", "link type", "MAC address", "addresses", ">MTU"])
            .at_most(self.interfaces.len());
        for row in &self.interfaces {
            let link = if row.loopback { format!("{} (loopback)", row.link) } else { row.link.to_owned() };
            let addresses: Vec<_> = row.addresses.iter().map(Address::text).collect();
            table.row([
                harmless(&row.name).into_owned(),
                row.state.replace('-', " "),
                link,
                row.mac.clone().unwrap_or_default(),
                addresses.join("\n"),
                row.mtu.map(|mtu| mtu.to_string()).unwrap_or_default(),
            ]);
        }
        table.write(out);
        out.extend_from_slice(b"netlab capture NAME listens on one of them, netlab capture any on all together.\n");
    }
}

impl Address {
    fn text(&self) -> String {
        format!("{}/{}", self.address, self.prefix_len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> InterfaceList {
        InterfaceList::new(vec![Row {
            name: "eth0\u{1b}[2J".to_owned(),
            index: 2,
            state: "no-link",
            loopback: false,
            link: "ethernet",
            mac: None,
            addresses: vec![Address { address: "192.0.2.1".to_owned(), prefix_len: 24 }],
            mtu: Some(1500),
        }])
    }

    #[test]
    fn the_table_shows_what_is_known_and_no_escape_sequence() {
        let mut out = Vec::new();
        list().text(100, Paint::new(false), &mut out);
        let text = String::from_utf8(out).expect("UTF-8");
        assert!(text.contains("eth0\\x1b[2J"), "{text}");
        assert!(text.contains("no link") && text.contains("192.0.2.1/24") && text.contains("1500"), "{text}");
    }

    #[test]
    fn what_is_absent_is_absent_in_json() {
        let mut out = Vec::new();
        list().json(&mut out);
        let text = String::from_utf8(out).expect("UTF-8");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["netlab"], "interfaces");
        assert_eq!(value["interfaces"][0]["addresses"][0]["prefix_len"], 24);
        assert!(value["interfaces"][0].get("mac").is_none());
    }
}
