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

/// The mistakes found so far in an input that is read to its end, so that all of them are told at
/// once.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Option<syn::Error>);

impl Mistakes {
    pub(crate) fn add(&mut self, mistake: syn::Error) {
        match &mut self.0 {
            Some(earlier) => earlier.combine(mistake),
            None => self.0 = Some(mistake),
        }
    }

    /// The value, or `None` after one more mistake.
    ///
    /// # Errors
    /// If the text does not parse. Mistakes that came before it are told instead.
    pub(crate) fn note<T>(&mut self, read: Read<T>) -> Read<Option<T>> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(Refusal::Explained(mistake)) => {
                self.add(mistake);
                Ok(None)
            }
            Err(Refusal::Unparsed) => {
                Err(self.0.take().map_or(Refusal::Unparsed, Refusal::Explained))
            }
        }
    }

    /// All of them, if there are any.
    ///
    /// # Errors
    /// If there are.
    pub(crate) fn into_result(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }

    /// The value, if there was no mistake.
    ///
    /// # Errors
    /// If there was.
    pub(crate) fn or<T>(self, value: T) -> Read<T> {
        match self.0 {
            Some(mistakes) => Err(Refusal::Explained(mistakes)),
            None => Ok(value),
        }
    }
}

/// An error of ours in a place where an expression stands.
pub(crate) fn as_expression(error: &syn::Error) -> TokenStream {
    let error = error.to_compile_error();
    quote::quote!({ #error })
}
