//! A hash table that never grows beyond its cap: the entry that was quiet for longest makes room for the new one.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// No neighbour.
const END: u32 = u32::MAX;

/// A table of at most `cap` entries in order of their last use. Every operation takes constant time; going through it
/// yields the entries from the longest unused to the latest, so no hash order reaches any output.
#[derive(Debug)]
pub struct Bounded<K, V> {
    hasher: FixedState,
    index: HashTable<u32>,
    slots: Vec<Slot<K, V>>,
    free: u32,
    oldest: u32,
    latest: u32,
    cap: usize,
    evicted: u64,
}

#[derive(Debug)]
struct Slot<K, V> {
    entry: Option<(K, V)>,
    hash: u64,
    older: u32,
    /// The next later entry; in a free slot, the next free one.
    later: u32,
}

impl<K: Hash + Eq, V> Bounded<K, V> {
    /// An empty table of at most `cap` entries; a cap of 0 counts as 1.
    pub fn new(cap: usize) -> Bounded<K, V> {
        Bounded {
            hasher: FixedState::default(),
            index: HashTable::new(),
            slots: Vec::new(),
            free: END,
            oldest: END,
            latest: END,
            cap: cap.clamp(1, END as usize - 1),
            evicted: 0,
        }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// True if there is no entry.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// How many entries had to make room for newer ones.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// The entry of `key`, which keeps its place in the order.
    pub fn get(&self, key: &K) -> Option<&V> {
        let slot = self.find(key)?;
        self.slots[slot as usize].entry.as_ref().map(|(_, value)| value)
    }

    /// The entry of `key`, which keeps its place in the order.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let slot = self.find(key)?;
        self.slots[slot as usize].entry.as_mut().map(|(_, value)| value)
    }

    /// The entry of `key`, which becomes the latest.
    pub fn use_mut(&mut self, key: &K) -> Option<&mut V> {
        let slot = self.find(key)?;
        self.touch(slot)
    }

    /// Sets the entry of `key` and makes it the latest. What left the table for it is returned: the former entry of the
    /// same key, or the oldest entry if the table was full.
    pub fn insert(&mut self, key: K, value: V) -> Option<(K, V)> {
        let hash = self.hasher.hash_one(&key);
        if let Some(slot) = self.find_hashed(&key, hash) {
            self.unlink(slot);
            self.link_latest(slot);
            return self.slots[slot as usize].entry.replace((key, value));
        }
        self.insert_new(key, value, hash)
    }

    fn insert_new(&mut self, key: K, value: V, hash: u64) -> Option<(K, V)> {
        let evicted = if self.index.len() >= self.cap {
            self.evicted += 1;
            self.take_oldest()
        } else {
            None
        };
        let slot = if self.free == END {
            self.slots.push(Slot { entry: None, hash, older: END, later: END });
            (self.slots.len() - 1) as u32
        } else {
            let slot = self.free;
            self.free = self.slots[slot as usize].later;
            slot
        };
        self.slots[slot as usize].entry = Some((key, value));
        self.slots[slot as usize].hash = hash;
        let slots = &self.slots;
        self.index.insert_unique(hash, slot, |slot| slots[*slot as usize].hash);
        self.link_latest(slot);
        evicted
    }

    /// The entry of `key`, made by `make` if there is none; it becomes the latest.
    pub fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let hash = self.hasher.hash_one(&key);
        let slot = match self.find_hashed(&key, hash) {
            Some(slot) => slot,
            None => {
                self.insert_new(key, make(), hash);
                self.latest
            }
        };
        match self.touch(slot) {
            Some(value) => value,
            None => unreachable!("the entry is there or was just inserted"),
        }
    }

    /// Like [`Bounded::entry`] for a key that was probably used a moment ago: `hint` remembers where it was.
    pub fn entry_near(&mut self, hint: &mut u32, key: K, make: impl FnOnce() -> V) -> &mut V {
        let slot = *hint as usize;
        let is_there =
            self.slots.get(slot).and_then(|slot| slot.entry.as_ref()).is_some_and(|(found, _)| *found == key);
        if !is_there {
            self.entry(key, make);
            *hint = self.latest;
        }
        match self.touch(*hint) {
            Some(value) => value,
            None => unreachable!("the entry is there or was just made"),
        }
    }

    /// Some entry where [`Bounded::entry_near`] said that one was.
    #[inline]
    pub fn at(&self, hint: u32) -> Option<&V> {
        self.slots.get(hint as usize)?.entry.as_ref().map(|(_, value)| value)
    }

    /// Takes the entry of `key` out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let slot = self.find(key)?;
        self.take(slot).map(|(_, value)| value)
    }

    /// The entry that was not used for longest.
    pub fn oldest(&self) -> Option<(&K, &V)> {
        let slot = self.slots.get(self.oldest as usize)?;
        slot.entry.as_ref().map(|(key, value)| (key, value))
    }

    /// Takes out the entry that was not used for longest.
    pub fn take_oldest(&mut self) -> Option<(K, V)> {
        if self.oldest == END { None } else { self.take(self.oldest) }
    }

    /// All entries, the longest unused first.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let mut at = self.oldest;
        std::iter::from_fn(move || {
            let slot = self.slots.get(at as usize)?;
            at = slot.later;
            slot.entry.as_ref().map(|(key, value)| (key, value))
        })
    }

    /// Makes the entry in `slot` the latest.
    fn touch(&mut self, slot: u32) -> Option<&mut V> {
        if self.latest != slot {
            self.unlink(slot);
            self.link_latest(slot);
        }
        self.slots[slot as usize].entry.as_mut().map(|(_, value)| value)
    }

    fn find(&self, key: &K) -> Option<u32> {
        if self.index.is_empty() {
            return None;
        }
        self.find_hashed(key, self.hasher.hash_one(key))
    }

    fn find_hashed(&self, key: &K, hash: u64) -> Option<u32> {
        self.index
            .find(hash, |slot| {
                let slot = &self.slots[*slot as usize];
                slot.hash == hash && slot.entry.as_ref().is_some_and(|(found, _)| found == key)
            })
            .copied()
    }

    fn take(&mut self, slot: u32) -> Option<(K, V)> {
        let hash = self.slots[slot as usize].hash;
        if let Ok(found) = self.index.find_entry(hash, |candidate| *candidate == slot) {
            found.remove();
        }
        self.unlink(slot);
        self.slots[slot as usize].later = self.free;
        self.free = slot;
        self.slots[slot as usize].entry.take()
    }

    fn unlink(&mut self, slot: u32) {
        let Slot { older, later, .. } = self.slots[slot as usize];
        match self.slots.get_mut(older as usize) {
            Some(older) => older.later = later,
            None => self.oldest = later,
        }
        match self.slots.get_mut(later as usize) {
            Some(later) => later.older = older,
            None => self.latest = older,
        }
    }

    fn link_latest(&mut self, slot: u32) {
        self.slots[slot as usize].older = self.latest;
        self.slots[slot as usize].later = END;
        match self.slots.get_mut(self.latest as usize) {
            Some(latest) => latest.later = slot,
            None => self.oldest = slot,
        }
        self.latest = slot;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::base::Rng;

    #[test]
    fn the_longest_unused_entry_makes_room() {
        let mut table = Bounded::new(2);
        assert_eq!(table.insert('a', 1), None);
        assert_eq!(table.insert('b', 2), None);
        *table.use_mut(&'a').unwrap() += 10;
        assert_eq!(table.insert('c', 3), Some(('b', 2)));
        assert_eq!(table.iter().map(|(key, value)| (*key, *value)).collect::<Vec<_>>(), [('a', 11), ('c', 3)]);
        assert_eq!(table.evicted(), 1);
    }

    #[test]
    fn it_agrees_with_a_plain_queue_on_random_operations() {
        let mut rng = Rng::new(4);
        let mut table = Bounded::new(16);
        let mut model: VecDeque<(u64, u64)> = VecDeque::new();
        let mut hint = 0;
        for step in 0..20_000 {
            let key = rng.below(40);
            let at = model.iter().position(|(found, _)| *found == key);
            match rng.below(6) {
                4 | 5 => {
                    let value = match at {
                        Some(at) => model.remove(at).map_or(0, |(_, value)| value),
                        None => step,
                    };
                    if model.len() == 16 {
                        model.pop_front();
                    }
                    model.push_back((key, value));
                    let found = if step % 2 == 0 {
                        table.entry(key, || step)
                    } else {
                        table.entry_near(&mut hint, key, || step)
                    };
                    assert_eq!(*found, value);
                }
                0 => {
                    let expected = match at {
                        Some(at) => model.remove(at),
                        None if model.len() == 16 => model.pop_front(),
                        None => None,
                    };
                    model.push_back((key, step));
                    assert_eq!(table.insert(key, step), expected);
                }
                1 => {
                    let expected = at.and_then(|at| model.remove(at));
                    model.extend(expected);
                    assert_eq!(table.use_mut(&key).copied(), expected.map(|(_, value)| value));
                }
                2 => assert_eq!(table.remove(&key), at.and_then(|at| model.remove(at)).map(|(_, value)| value)),
                _ => assert_eq!(table.get(&key).copied(), at.map(|at| model[at].1)),
            }
            assert_eq!(table.len(), model.len());
            assert!(table.iter().map(|(key, value)| (*key, *value)).eq(model.iter().copied()), "step {step}");
        }
    }
}
