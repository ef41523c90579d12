//! [`Builder`]: what a goroutine is started with beside its future.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The name of a goroutine, one word wide.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Name(Arc<Cow<'static, str>>);

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// What a goroutine is started with beside its future: a name.
///
/// The name is shown where the goroutine is reported: by its
/// [`JoinError`](super::JoinError), and when a panic ends the process. `go!(name = .., ..)` is the
/// short form.
///
/// # Examples
/// ```
/// # #[cfg(feature = "rt")]
/// gort::block_on(async {
///     let handle = gort::task::Builder::new()
///         .name("waits for ever")
///         .spawn(std::future::pending::<()>());
///     handle.abort();
///     let error = handle.await.unwrap_err();
///     assert_eq!(error.name(), Some("waits for ever"));
/// });
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder starts nothing by itself"]
pub struct Builder {
    pub(crate) name: Option<Name>,
}

impl Builder {
    /// Without a name.
    ///
    /// # Examples
    /// See [`Builder`].
    pub const fn new() -> Self {
        Self { name: None }
    }

    /// Names the goroutine.
    ///
    /// # Examples
    /// See [`Builder`].
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(Name(Arc::new(name.into())));
        self
    }
}
