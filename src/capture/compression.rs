//! Decompression, as a stream: memory stays the same however much comes out.

use std::fmt;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

/// What a capture file is compressed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Nothing.
    #[default]
    None,
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
    /// LZ4 frames.
    Lz4,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Lz4 => "lz4",
        })
    }
}

/// The octets that `input` holds compressed; `None` if this netlab was built without that compression.
pub(super) fn decompressed(compression: Compression, input: Box<dyn Read + Send>) -> Option<Box<dyn Read + Send>> {
    Some(match compression {
        Compression::None => input,
        Compression::Gzip => Box::new(MultiGzDecoder::new(input)),
        #[cfg(feature = "compress")]
        Compression::Zstd => Box::new(zstd::Frames::new(input)),
        #[cfg(feature = "compress")]
        Compression::Lz4 => Box::new(lz4::Frames::new(input)),
        #[cfg(not(feature = "compress"))]
        Compression::Zstd | Compression::Lz4 => return None,
    })
}

/// True if `error` came from the operating system rather than from octets that do not decompress.
pub(super) fn is_of_the_system(error: &io::Error) -> bool {
    if error.raw_os_error().is_some() {
        return true;
    }
    // The decoders wrap what the file said into errors of their own.
    let mut cause = error.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static));
    while let Some(inner) = cause {
        if inner.downcast_ref::<io::Error>().is_some_and(|io| io.raw_os_error().is_some()) {
            return true;
        }
        cause = inner.source();
    }
    false
}

#[cfg(feature = "compress")]
mod zstd {
    use std::io::{self, Read};

    use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
    use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

    /// A frame that holds nothing. A decoder that has seen a frame refuses windows above 100 MiB; a fresh one does not.
    const EMPTY_FRAME: [u8; 9] = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x00, 0x01, 0x00, 0x00];

    /// All frames of a zstd stream, one after another; skippable frames are skipped.
    pub(super) struct Frames<R> {
        input: io::BufReader<R>,
        decoder: FrameDecoder,
        within_frame: bool,
        ended: bool,
    }

    impl<R: Read> Frames<R> {
        pub(super) fn new(input: R) -> Frames<R> {
            let mut decoder = FrameDecoder::new();
            // Cannot fail: the frame is the constant above. If it did, the first real frame would be refused later.
            let _ = decoder.init(&EMPTY_FRAME[..]);
            Frames { input: io::BufReader::with_capacity(64 << 10, input), decoder, within_frame: false, ended: false }
        }

        /// Begins the next frame; false if there is none.
        fn begin_frame(&mut self) -> io::Result<bool> {
            use std::io::BufRead as _;
            loop {
                if self.input.fill_buf()?.is_empty() {
                    return Ok(false);
                }
                match self.decoder.reset(&mut self.input) {
                    Ok(()) => return Ok(true),
                    Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                        length, ..
                    })) => {
                        let skipped = io::copy(&mut (&mut self.input).take(u64::from(length)), &mut io::sink())?;
                        if skipped < u64::from(length) {
                            return Err(io::ErrorKind::UnexpectedEof.into());
                        }
                    }
                    Err(error) => return Err(io::Error::other(error)),
                }
            }
        }

        fn end_frame(&mut self) -> io::Result<()> {
            self.within_frame = false;
            let (told, found) = (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
            match (told, found) {
                (Some(told), Some(found)) if told != found => {
                    Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum of a zstd frame is wrong"))
                }
                _ => Ok(()),
            }
        }
    }

    impl<R: Read> Read for Frames<R> {
        fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
            while !self.ended && !octets.is_empty() {
                if !self.within_frame {
                    if !self.begin_frame().inspect_err(|_| self.ended = true)? {
                        self.ended = true;
                        break;
                    }
                    self.within_frame = true;
                }
                if self.decoder.can_collect() > 0 {
                    return self.decoder.read(octets);
                }
                if self.decoder.is_finished() {
                    self.end_frame().inspect_err(|_| self.ended = true)?;
                    continue;
                }
                self.decoder
                    .decode_blocks(&mut self.input, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)
                    .inspect_err(|_| self.ended = true)?;
            }
            Ok(0)
        }
    }
}

#[cfg(feature = "compress")]
mod lz4 {
    use std::io::{self, BufRead as _, Read};

    use lz4_flex::frame::FrameDecoder;

    /// The legacy format begins with this and has no mark at its end.
    const LEGACY_MAGIC: [u8; 4] = [0x02, 0x21, 0x4c, 0x18];

    /// All frames of an lz4 stream, one after another.
    pub(super) struct Frames<R: Read> {
        decoder: FrameDecoder<Watched<R>>,
        ended: bool,
    }

    /// An input of which the first and the last octets are remembered: the decoder takes an input that ends inside a
    /// frame for one that ends well.
    struct Watched<R> {
        input: io::BufReader<R>,
        first: Option<[u8; 4]>,
        last: [u8; 8],
    }

    impl<R: Read> Frames<R> {
        pub(super) fn new(input: R) -> Frames<R> {
            let input = io::BufReader::with_capacity(64 << 10, input);
            Frames { decoder: FrameDecoder::new(Watched { input, first: None, last: [0xff; 8] }), ended: false }
        }
    }

    impl<R: Read> Read for Frames<R> {
        fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
            while !self.ended && !octets.is_empty() {
                let len = self.decoder.read(octets).inspect_err(|_| self.ended = true)?;
                if len > 0 {
                    return Ok(len);
                }
                // The end of a frame; another may follow.
                let watched = self.decoder.get_mut();
                if watched.input.fill_buf()?.is_empty() {
                    self.ended = true;
                    if !watched.ended_well() {
                        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ends inside a frame"));
                    }
                }
            }
            Ok(0)
        }
    }

    impl<R> Watched<R> {
        /// True if the last octets are an end mark, with or without the checksum that may follow it.
        fn ended_well(&self) -> bool {
            self.first == Some(LEGACY_MAGIC) || self.last[4..] == [0; 4] || self.last[..4] == [0; 4]
        }
    }

    impl<R: Read> Read for Watched<R> {
        fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
            let len = self.input.read(octets)?;
            let octets = &octets[..len];
            if self.first.is_none() {
                self.first = octets.first_chunk().copied();
            }
            let kept = octets.len().min(8);
            self.last.rotate_left(kept);
            self.last[8 - kept..].copy_from_slice(&octets[octets.len() - kept..]);
            Ok(len)
        }
    }
}
