//! Captures of TCP conversations: `scenes` tells them in the words of `talk`.

pub mod scenes;
pub mod talk;

use super::Made;
use scenes::Scene;

/// The captures, and one file with the labels that netlab must give.
pub fn made() -> Vec<Made> {
    let scenes = scenes::all();
    let mut made: Vec<Made> = scenes
        .iter()
        .map(|scene| Made { name: format!("tcp/{}.pcap", scene.name).leak(), shows: scene.shows, file: pcap(scene) })
        .collect();
    made.push(Made {
        name: "tcp/labels.txt",
        shows: "the labels that netlab must give: capture, packet, code and rule",
        file: labels(&scenes).into_bytes(),
    });
    made
}

/// A pcap file with times in nanoseconds (draft-ietf-opsawg-pcap).
fn pcap(scene: &Scene) -> Vec<u8> {
    let mut file = Vec::new();
    let words = [0xa1b2_3c4d, 2 | 4 << 16, 0, 0, 262_144, u32::from(scene.link)];
    words.iter().for_each(|word: &u32| file.extend_from_slice(&word.to_le_bytes()));
    for frame in &scene.frames {
        let (seconds, rest) = (frame.at_us / 1_000_000, frame.at_us % 1_000_000);
        let words = [seconds as u32, rest as u32 * 1000, frame.octets.len() as u32, frame.wire_len];
        words.iter().for_each(|word| file.extend_from_slice(&word.to_le_bytes()));
        file.extend_from_slice(&frame.octets);
    }
    file
}

fn labels(scenes: &[Scene]) -> String {
    let mut text = String::new();
    for scene in scenes {
        for (packet, code, rule) in &scene.labels {
            text.push_str(&format!("{} {packet} {code} {rule}\n", scene.name));
        }
        for code in scene.never {
            text.push_str(&format!("{} never {code}\n", scene.name));
        }
    }
    text
}
