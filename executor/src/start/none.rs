//! What stands where expansions would call the executor of this crate, if it is not there.
//!
//! A goroutine that stays on its thread needs somebody who runs it there, and a foreign executor is
//! only asked to run what is `Send`. So this is refused, at compile time, with what to do about it.
//!
//! ```compile_fail,E0277
//! gort::go!(local, println!("here"));
//! ```

use crate::task::{Builder, JoinHandle};
use std::future::Future;

/// Implemented by nothing: its absence is the message.
#[diagnostic::on_unimplemented(
    message = "a goroutine can be `local` only on gort's own executor",
    label = "`local` needs the feature `rt` of gort",
    note = "turn the feature `rt` on, or leave `local` out"
)]
pub trait HasLocals {}

/// Refuses to compile.
pub fn go_local<F>(_future: F)
where
    F: Future + HasLocals,
{
}

/// Refuses to compile.
pub fn go_local_with<F>(_builder: Builder, _future: F)
where
    F: Future + HasLocals,
{
}

/// Refuses to compile.
pub fn spawn_local<F>(_future: F) -> JoinHandle<F::Output>
where
    F: Future + HasLocals,
{
    unreachable!("nothing has `HasLocals`")
}

/// Refuses to compile.
pub fn spawn_local_with<F>(_builder: Builder, _future: F) -> JoinHandle<F::Output>
where
    F: Future + HasLocals,
{
    unreachable!("nothing has `HasLocals`")
}

/// Nobody asks for a time slice.
pub async fn checkpoint() {}
