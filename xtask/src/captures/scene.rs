//! A capture told as frames at moments, with the labels that netlab must and must not give it.

use super::Made;

/// A small capture, of Ethernet frames if nothing else is said.
pub struct Scene {
    /// Its name, without folder and suffix.
    pub name: &'static str,
    /// What it shows, one sentence without a final stop.
    pub shows: &'static str,
    /// Frames with their times in microseconds, and how many octets of them are kept.
    pub frames: Vec<(u64, Vec<u8>, usize)>,
    /// Packet, code and rule of notes that must be there.
    pub labels: Vec<(u64, &'static str, &'static str)>,
    /// Codes that must not be there.
    pub never: &'static [&'static str],
    /// Places in the report, as JSON pointers, and the values that must be there.
    pub reports: Vec<(&'static str, &'static str)>,
    /// The link type of the frames.
    pub link: u32,
}

/// Ethernet, raw IP and Linux cooked captures, by their numbers in files.
const ETHERNET: u32 = 1;
pub const RAW: u32 = 101;
pub const COOKED: u32 = 113;

/// Begins on 14 November 2023, so that times look like times.
const EPOCH_US: u64 = 1_700_000_000_000_000;

impl Scene {
    /// A scene without frames.
    pub fn new(name: &'static str, shows: &'static str) -> Scene {
        Scene { name, shows, frames: Vec::new(), labels: Vec::new(), never: &[], reports: Vec::new(), link: ETHERNET }
    }

    /// The same with one more frame, `at_us` microseconds after the beginning.
    pub fn frame(mut self, at_us: u64, octets: Vec<u8>) -> Scene {
        let kept = octets.len();
        self.frames.push((at_us, octets, kept));
        self
    }

    /// The same with more frames, `step_us` microseconds apart.
    pub fn frames(mut self, at_us: u64, step_us: u64, frames: Vec<Vec<u8>>) -> Scene {
        for (index, octets) in frames.into_iter().enumerate() {
            self = self.frame(at_us + step_us * index as u64, octets);
        }
        self
    }

    /// The same with the last frame cut to `kept` octets.
    pub fn cut(mut self, kept: usize) -> Scene {
        if let Some(last) = self.frames.last_mut() {
            last.2 = kept;
        }
        self
    }

    /// The same with a label that must be there.
    pub fn label(mut self, packet: u64, code: &'static str, rule: &'static str) -> Scene {
        self.labels.push((packet, code, rule));
        self
    }

    /// The same with a place of the report that must hold a value, which is JSON.
    pub fn reports(mut self, pointer: &'static str, value: &'static str) -> Scene {
        self.reports.push((pointer, value));
        self
    }

    /// The same with frames of another link type.
    pub fn link(mut self, link: u32) -> Scene {
        self.link = link;
        self
    }

    /// The same with codes that must not be there.
    pub fn never(mut self, codes: &'static [&'static str]) -> Scene {
        self.never = codes;
        self
    }
}

/// The captures of a folder, and one file with their labels.
pub fn made(folder: &str, scenes: &[Scene]) -> Vec<Made> {
    let name = |scene: &Scene| format!("{folder}/{}.pcap", scene.name).leak();
    let mut made: Vec<Made> =
        scenes.iter().map(|scene| Made { name: name(scene), shows: scene.shows, file: pcap(scene) }).collect();
    let mut labels = String::new();
    for scene in scenes {
        for (packet, code, rule) in &scene.labels {
            labels.push_str(&format!("{} {packet} {code} {rule}\n", scene.name));
        }
        for code in scene.never {
            labels.push_str(&format!("{} never {code}\n", scene.name));
        }
        for (pointer, value) in &scene.reports {
            labels.push_str(&format!("{} report {pointer} {value}\n", scene.name));
        }
    }
    made.push(Made {
        name: format!("{folder}/labels.txt").leak(),
        shows: "the labels that netlab must give: capture, packet, code and rule; or a place of the report and its value",
        file: labels.into_bytes(),
    });
    made
}

/// A pcap file with times in nanoseconds (draft-ietf-opsawg-pcap), of the scene's link type.
fn pcap(scene: &Scene) -> Vec<u8> {
    let mut file = Vec::new();
    let words = |file: &mut Vec<u8>, words: &[u32]| words.iter().for_each(|word| file.extend(word.to_le_bytes()));
    words(&mut file, &[0xa1b2_3c4d, 2 | 4 << 16, 0, 0, 262_144, scene.link]);
    for (at_us, octets, kept) in &scene.frames {
        let at_us = EPOCH_US + at_us;
        let (seconds, rest) = ((at_us / 1_000_000) as u32, (at_us % 1_000_000) as u32 * 1000);
        words(&mut file, &[seconds, rest, *kept as u32, octets.len() as u32]);
        file.extend_from_slice(&octets[..*kept]);
    }
    file
}
