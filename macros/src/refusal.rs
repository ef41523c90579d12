//! [`Refusal`]: why an input was not taken.

use proc_macro2::TokenStream;
use quote::ToTokens;

/// Why an input was not taken.
///
/// The two are kept apart because they are answered differently: an explained mistake becomes an
/// error of ours, and text that does not parse goes to the compiler as it is.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The input is complete but wrong, and the message says what to write instead.
    Explained(syn::Error),
    /// The input is not (or not yet) Rust, or newer Rust than this crate can read.
    Unparsed,
}

impl Refusal {
    /// A mistake at `place`.
    pub(crate) fn new(place: impl ToTokens, message: impl std::fmt::Display) -> Self {
        Refusal::Explained(syn::Error::new_spanned(place, message))
    }

    /// A mistake of the whole macro call.
    pub(crate) fn of_call(message: impl std::fmt::Display) -> Self {
        Refusal::Explained(syn::Error::new(proc_macro2::Span::call_site(), message))
    }
}

impl From<syn::Error> for Refusal {
    fn from(_: syn::Error) -> Self {
        Refusal::Unparsed
    }
}

/// The result of reading an input.
pub(crate) type Read<T> = Result<T, Refusal>;

/// An error of ours in a place where an expression stands.
pub(crate) fn as_expression(error: &syn::Error) -> TokenStream {
    let error = error.to_compile_error();
    quote::quote!({ #error })
}
