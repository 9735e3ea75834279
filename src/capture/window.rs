//! The window through which a file is read: large pieces into one buffer, out of which records are lent.

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;

/// A buffer over an input. What was read and not yet consumed is [`Window::available`].
pub(super) struct Window {
    input: Box<dyn Read + Send>,
    /// Zeroed once, then only overwritten.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Where `start` lies in the (decompressed) input.
    offset: u64,
    ended: bool,
}

impl Window {
    /// A window that asks `input` for up to `piece_len` octets at once.
    pub(super) fn new(input: Box<dyn Read + Send>, piece_len: usize) -> Window {
        Window { input, buffer: vec![0; piece_len.max(1)], start: 0, end: 0, offset: 0, ended: false }
    }

    /// The octets that are here.
    #[inline]
    pub(super) fn available(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Where the first available octet lies in the (decompressed) input.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Makes `needed` octets available if the input still has them; false if it ends before. Reads no more often than
    /// that takes, so that packets from a pipe are seen when they arrive.
    #[inline]
    pub(super) fn fill_to(&mut self, needed: usize) -> io::Result<bool> {
        if self.end - self.start >= needed { Ok(true) } else { self.read_more(needed) }
    }

    #[cold]
    fn read_more(&mut self, needed: usize) -> io::Result<bool> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end < needed && !self.ended {
            if self.end == self.buffer.len() {
                // Doubling as octets arrive: a length that lies costs no memory, only octets that are there do.
                let len = (self.buffer.len() * 2).min(needed.max(self.buffer.len() + 1));
                self.buffer.resize(len, 0);
            }
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(len) => self.end += len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
        Ok(self.end >= needed)
    }

    /// Takes `len` available octets away and tells where they lie in the buffer; [`Window::at`] lends them until the
    /// next call that reads.
    #[inline]
    pub(super) fn consume(&mut self, len: usize) -> Range<usize> {
        debug_assert!(len <= self.end - self.start);
        let range = self.start..self.start + len;
        self.start += len;
        self.offset += len as u64;
        range
    }

    /// Lends octets that [`Window::consume`] took.
    #[inline]
    pub(super) fn at(&self, range: Range<usize>) -> &[u8] {
        &self.buffer[range]
    }

    /// Passes over `len` octets without keeping them; false if the input ends before.
    pub(super) fn skip(&mut self, mut len: u64) -> io::Result<bool> {
        loop {
            let here = (self.end - self.start).min(usize::try_from(len).unwrap_or(usize::MAX));
            self.consume(here);
            len -= here as u64;
            if len == 0 {
                return Ok(true);
            }
            if !self.fill_to(1)? {
                return Ok(false);
            }
        }
    }

    /// Gives the input back, what was read of it and not consumed first, and the buffer's size as before.
    pub(super) fn into_input(self) -> Box<dyn Read + Send> {
        let read = self.buffer[self.start..self.end].to_vec();
        Box::new(io::Cursor::new(read).chain(self.input))
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Window").field("offset", &self.offset).field("available", &self.available().len()).finish()
    }
}
