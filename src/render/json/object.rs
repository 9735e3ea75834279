//! JSON objects, key by key.

use crate::render::number::decimal;
use crate::render::slate::Surface;

/// A key of netlab's own, which needs no escaping, as it stands between two values: in one piece, for it is copied at once.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":")
    };
}
pub(super) use key;

/// An object being written.
pub(super) struct Object<'a, S> {
    out: &'a mut S,
    is_empty: bool,
}

impl<'a, S: Surface> Object<'a, S> {
    #[inline]
    pub(super) fn open(out: &'a mut S) -> Object<'a, S> {
        out.add(b"{");
        Object { out, is_empty: true }
    }

    /// An object that has keys already and goes on here.
    #[inline]
    pub(super) fn go_on(out: &'a mut S) -> Object<'a, S> {
        Object { out, is_empty: false }
    }

    #[inline]
    pub(super) fn close(self) {
        self.out.add(b"}");
    }

    #[inline]
    pub(super) fn key(&mut self, key: &'static str) -> &mut S {
        // No comma in front of the first.
        self.out.add(&key.as_bytes()[usize::from(self.is_empty)..]);
        self.is_empty = false;
        self.out
    }

    #[inline]
    pub(super) fn number(&mut self, key: &'static str, number: impl Into<u64>) {
        decimal(self.key(key), number.into());
    }

    #[inline]
    pub(super) fn truth(&mut self, key: &'static str, truth: bool) {
        if truth { self.key(key).add(b"true") } else { self.key(key).add(b"false") }
    }

    /// A word of netlab's own, which needs no escaping.
    pub(super) fn word(&mut self, key: &'static str, word: &str) {
        self.quoted(key, |out| out.add(word.as_bytes()));
    }

    #[inline]
    pub(super) fn quoted(&mut self, key: &'static str, write: impl FnOnce(&mut S)) {
        let out = self.key(key);
        out.add(b"\"");
        write(out);
        out.add(b"\"");
    }

    #[inline]
    pub(super) fn object(&mut self, key: &'static str, write: impl FnOnce(&mut Object<'_, S>)) {
        let mut inner = Object::open(self.key(key));
        write(&mut inner);
        inner.close();
    }
}
