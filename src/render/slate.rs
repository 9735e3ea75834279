//! What lines are written on. Most of a line is short pieces whose lengths are known only at run time; a call for each
//! copy, and the question whether the block must grow, would cost more than the pieces themselves.

/// What octets can be appended to.
pub trait Surface {
    /// Appends the first `len` octets of `text`. All of the small array is copied, which takes an instruction or two, and
    /// what is too much is written over by what comes next.
    fn put<const N: usize>(&mut self, text: [u8; N], len: usize);

    /// Appends octets; for words of the program's own this is one or two instructions.
    fn add(&mut self, text: &[u8]);
}

impl Surface for Vec<u8> {
    #[inline]
    fn put<const N: usize>(&mut self, text: [u8; N], len: usize) {
        let end = self.len() + len;
        self.extend_from_slice(&text);
        self.truncate(end);
    }

    #[inline]
    fn add(&mut self, text: &[u8]) {
        self.extend_from_slice(text);
    }
}

/// A surface of fixed size for those parts of a line whose length is bounded; what is written on it goes into the block
/// with one copy. It has room for several times what these parts of a line of text can take up.
#[derive(Debug)]
pub struct Slate<const LEN: usize = 1024> {
    octets: [u8; LEN],
    end: usize,
}

impl<const LEN: usize> Default for Slate<LEN> {
    fn default() -> Slate<LEN> {
        Slate { octets: [0; LEN], end: 0 }
    }
}

impl<const LEN: usize> Slate<LEN> {
    /// How many octets stand on it.
    #[inline]
    pub fn len(&self) -> usize {
        self.end
    }

    /// True if nothing stands on it.
    pub fn is_empty(&self) -> bool {
        self.end == 0
    }

    /// What stands on it.
    #[inline]
    pub fn text(&self) -> &[u8] {
        self.octets.get(..self.end).unwrap_or_default()
    }

    /// Appends what stands on it to `out` and wipes it.
    #[inline]
    pub fn move_to(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.text());
        self.end = 0;
    }
}

impl<const LEN: usize> Surface for Slate<LEN> {
    #[inline]
    fn put<const N: usize>(&mut self, text: [u8; N], len: usize) {
        debug_assert!(len <= N);
        // One comparison with a constant, after which nothing else is asked. Room is there by the size of the slate.
        if self.end <= const { LEN - N } {
            self.octets[self.end..self.end + N].copy_from_slice(&text);
            self.end += len;
        } else {
            debug_assert!(false, "a slate is full");
        }
    }

    #[inline]
    fn add(&mut self, text: &[u8]) {
        if text.len() <= LEN && self.end <= LEN - text.len() {
            self.octets[self.end..self.end + text.len()].copy_from_slice(text);
            self.end += text.len();
        } else {
            debug_assert!(false, "a slate is full");
        }
    }
}

/// A slate before a block, for text of any length: what does not fit goes into the block first. At the end
/// [`Slate::move_to`] has to be called.
#[derive(Debug)]
pub struct Overflowing<'a, const LEN: usize = 1024> {
    slate: &'a mut Slate<LEN>,
    block: &'a mut Vec<u8>,
}

impl<'a, const LEN: usize> Overflowing<'a, LEN> {
    /// A surface that begins where `slate` ends, before `block`, to which all of it belongs in the end.
    #[inline]
    pub fn new(slate: &'a mut Slate<LEN>, block: &'a mut Vec<u8>) -> Overflowing<'a, LEN> {
        Overflowing { slate, block }
    }

    /// Empties the slate into the block.
    #[cold]
    #[inline(never)]
    fn overflow(&mut self) {
        self.slate.move_to(self.block);
    }
}

impl<const LEN: usize> Surface for Overflowing<'_, LEN> {
    #[inline]
    fn put<const N: usize>(&mut self, text: [u8; N], len: usize) {
        if self.slate.end > const { LEN - N } {
            self.overflow();
        }
        self.slate.put(text, len);
    }

    #[inline]
    fn add(&mut self, text: &[u8]) {
        if text.len() > LEN || self.slate.end > LEN - text.len() {
            self.overflow();
        }
        if text.len() > LEN { self.block.extend_from_slice(text) } else { self.slate.add(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_of_a_piece_is_written_over() {
        let (mut slate, mut block) = (Slate::<16>::default(), vec![b'>']);
        for surface in 0..2 {
            let mut write = |text: [u8; 4], len| match surface {
                0 => slate.put(text, len),
                _ => block.put(text, len),
            };
            write(*b"abXX", 2);
            write(*b"cXXX", 1);
            write(*b"defX", 3);
        }
        slate.add(b"!");
        assert_eq!((slate.text(), &block[..]), (&b"abcdef!"[..], &b">abcdef"[..]));
        slate.move_to(&mut block);
        assert_eq!(block, b">abcdefabcdef!");
        assert!(slate.is_empty());
    }

    #[test]
    fn what_does_not_fit_on_a_slate_goes_into_the_block_before_it() {
        let (mut slate, mut block) = (Slate::<16>::default(), b">".to_vec());
        let mut expected = block.clone();
        for len in [3, 9, 4, 15, 16, 17, 40, 1, 0, 16, 8] {
            let text = (0..len).map(|index| b'a' + len + index % 3).collect::<Vec<u8>>();
            let mut surface = Overflowing::new(&mut slate, &mut block);
            surface.add(&text);
            surface.put([b'0', b'1', b'2', b'3'], 2);
            expected.extend_from_slice(&text);
            expected.extend_from_slice(b"01");
        }
        slate.move_to(&mut block);
        assert_eq!(block, expected);
    }
}
