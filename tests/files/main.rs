//! Capture files: every variation of both formats, odd and hostile ones, cut ones, and what netlab writes. tshark and
//! capinfos are asked where they are installed.

mod build;
mod command;
mod compressed;
mod corpus;
mod formats;
mod hostile;
mod merging;
mod odd;
mod peers;
mod reading;
mod writing;
