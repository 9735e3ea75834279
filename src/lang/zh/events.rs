//! 各事件的中文说明：代码、数据包旁的一行、解释。每族一个文件。

mod fragments;
mod health;
mod icmp;
mod link;
mod tcp_course;
mod tcp_data;
mod udp;

/// Code, line, explanation, by families. Lines are templates like those of the catalogue.
pub const EVENTS: &[&[(&str, &str, &str)]] =
    &[health::EVENTS, link::EVENTS, fragments::EVENTS, icmp::EVENTS, udp::EVENTS, tcp_course::EVENTS, tcp_data::EVENTS];
