//! [`Recovered`]: what a function returns after `recover()`.

use super::Panic;

/// What a function returns after `recover()`, where nothing else was said.
///
/// As in Go it is the zero value, for results that have one: `()` and `None`. A
/// [`Result`] becomes the panic itself, as an error. For any other result deferred code gives the
/// value: `defer!(|out| { out.recover_with(|panic| ..); })`.
///
/// # Examples
/// ```
/// use gort::{defer, recover};
///
/// #[gort::defers]
/// fn parse(text: &str) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
///     defer!({ recover(); });
///     Ok(text.parse().unwrap())
/// }
///
/// assert_eq!(parse("7").unwrap(), 7);
/// assert!(parse("x").unwrap_err().to_string().contains("InvalidDigit"));
/// ```
#[diagnostic::on_unimplemented(
    message = "after `recover()` the function returns a default value, and `{Self}` has none",
    label = "`recover()` cannot tell what to return",
    note = "give the value yourself: `defer!(|out| {{ out.recover_with(|panic| ..); }})`"
)]
pub trait Recovered {
    /// The result of a function that `panic` has ended.
    ///
    /// # Examples
    /// ```
    /// use gort::panic::{Panic, Recovered};
    ///
    /// struct Failed(Option<Panic>);
    ///
    /// impl Recovered for Failed {
    ///     fn recovered(panic: &Panic) -> Self {
    ///         Failed(Some(panic.clone()))
    ///     }
    /// }
    /// ```
    fn recovered(panic: &Panic) -> Self;
}

impl Recovered for () {
    fn recovered(_panic: &Panic) -> Self {}
}

impl<T> Recovered for Option<T> {
    fn recovered(_panic: &Panic) -> Self {
        None
    }
}

impl<T, E: From<Panic>> Recovered for Result<T, E> {
    fn recovered(panic: &Panic) -> Self {
        Err(panic.clone().into())
    }
}
