//! The text of lines that are printed and wait for their turn.

use std::collections::VecDeque;

/// Octets after which a block is full. It ends with a whole line, so it is a little longer.
const BLOCK_LEN: usize = 64 << 10;

/// Most last lines of a block are shorter than this.
const ROOM_FOR_A_LINE: usize = 4 << 10;

/// Lines one after another, in blocks: what waits never has to be moved to make room, and the memory of blocks that are
/// gone serves the next ones.
#[derive(Debug, Default)]
pub(super) struct HeldText {
    blocks: VecDeque<Vec<u8>>,
    /// Octets of the first block that are gone.
    gone: usize,
    /// Blocks that are gone. As many come again: memory that is given back has to be got again, page by page.
    spare: Vec<Vec<u8>>,
}

/// A block of more octets than this takes its memory with it.
const MAX_SPARE_LEN: usize = 2 * BLOCK_LEN;

impl HeldText {
    /// The block that the next line is to be appended to.
    pub(super) fn end(&mut self) -> &mut Vec<u8> {
        if self.blocks.back().is_none_or(|block| block.len() >= BLOCK_LEN) {
            let mut block = self.spare.pop().unwrap_or_default();
            // With room for all of it at once: growing would copy it again and again.
            block.reserve(BLOCK_LEN + ROOM_FOR_A_LINE);
            self.blocks.push_back(block);
        }
        let last = self.blocks.len() - 1;
        &mut self.blocks[last]
    }

    /// What waits of the first block, from the first line on. There is no line that is not in one block as a whole.
    pub(super) fn front(&self) -> &[u8] {
        self.blocks.front().and_then(|block| block.get(self.gone..)).unwrap_or_default()
    }

    /// Takes the first `len` octets of [`HeldText::front`] away.
    pub(super) fn take(&mut self, len: usize) {
        self.gone += len;
        if self.blocks.front().is_some_and(|block| self.gone >= block.len()) {
            self.gone = 0;
            if let Some(mut block) = self.blocks.pop_front()
                && block.capacity() <= MAX_SPARE_LEN
            {
                block.clear();
                self.spare.push(block);
            }
        }
    }

    /// Octets that wait.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.blocks.iter().map(Vec::len).sum::<usize>() - self.gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_as_they_went_in_however_many_wait() {
        let mut text = HeldText::default();
        let (mut given, mut taken) = (0_u32, 0_u32);
        let line = |number: u32| vec![number as u8; 1 + number as usize * 37 % 900];
        for waiting in [1, 5, 700, 3, 2000, 0] {
            while given < taken + waiting {
                text.end().extend(line(given));
                given += 1;
            }
            while taken + waiting / 2 < given {
                let expected = line(taken);
                assert_eq!(text.front()[..expected.len()], expected);
                text.take(expected.len());
                taken += 1;
            }
        }
        assert_eq!((given, taken, text.len()), (given, given, 0));
        assert!(text.blocks.len() <= 1);
    }
}
