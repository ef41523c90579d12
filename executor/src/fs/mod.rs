//! Files and directories, for goroutines: what `std::fs` has, as futures.
//!
//! No system tells when a file on a disk is ready: a call either is over or blocks its thread. So
//! each operation is the standard library's, made inline by [`syscall`](fn@crate::syscall), as in
//! Go's `os`: the call costs a few nanoseconds more than without a runtime, and if it lasts while
//! other goroutines wait, another thread runs them. No operation goes to a pool of threads, so
//! paths and buffers are borrowed and nothing is copied on the way.
//!
//! ```text
//!   read write copy ..    metadata rename ..    OpenOptions DirBuilder    File        ReadDir
//!         whole              path                                       file_io    a batch a call
//!           \__________________ | ________________ | _______________________/________/
//!                             syscall: mark, std::fs, unmark
//! ```
//!
//! # When the permit is lost
//! A call that lasted may end on a thread without the right to run, and its goroutine must wait.
//! The futures of the functions here keep the result until then. [`File`] as a stream cannot: the
//! next poll may come from another future, with another buffer. What was read is kept in the
//! `File`, for whoever reads next. What was written is told at once, since an outcome that is kept
//! could be told to the writer of something else; the goroutine waits when it next writes or
//! flushes. Not chosen: a copy of what is written, as with threads that write behind the back of
//! the caller, whose errors come with a later call.
//!
//! # Cancel safety
//! A call that has begun runs to its end; no time limit cuts it short, and it counts even if its
//! future is dropped before it tells. Each item says what then is lost.
//!
//! # Elsewhere
//! On executors that are not gort's, and in the root of a `block_on`, a call blocks its thread.

mod dir_builder;
mod file;
mod file_io;
mod open_options;
mod path;
mod read_dir;
mod unread;
mod whole;

pub use dir_builder::DirBuilder;
pub use file::File;
pub use open_options::OpenOptions;
pub use path::{
    canonicalize, create_dir, create_dir_all, exists, hard_link, metadata, read_link, remove_dir,
    remove_dir_all, remove_file, rename, set_permissions, symlink, symlink_metadata, try_exists,
};
pub use read_dir::{DirEntry, ReadDir, read_dir};
pub use std::fs::{FileTimes, FileType, Metadata, Permissions};
pub use whole::{copy, read, read_to_string, write};
