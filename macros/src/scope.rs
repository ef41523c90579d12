//! [`Scope`]: the body of a goroutine, of `main` or of a test.
//!
//! Every body that becomes a future goes through [`Scope::into_future`], and nothing else makes
//! one, so what a body may contain (deferred code, for one) is decided here for all macros.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Block, Type};

use crate::made_at;

/// Statements that end in a value, and the type of that value where the user gave it.
pub(crate) struct Scope {
    statements: TokenStream,
    output: Option<Type>,
    /// Where the body begins and ends for the reader of an error.
    places: (Span, Span),
}

impl Scope {
    /// The body that stands in braces.
    pub(crate) fn of_group(group: &Group) -> Self {
        let places = (group.span(), group.span());
        Scope {
            statements: group.stream(),
            output: None,
            places,
        }
    }

    /// The body that is a block.
    pub(crate) fn of_block(block: &Block) -> Self {
        let statements = &block.stmts;
        let span = block.brace_token.span.join();
        Scope {
            statements: quote!(#(#statements)*),
            output: None,
            places: (span, span),
        }
    }

    /// The body that has no braces of its own.
    pub(crate) fn of_tokens(tokens: impl ToTokens) -> Self {
        let statements = tokens.into_token_stream();
        let places = ends(&statements);
        Scope {
            statements,
            output: None,
            places,
        }
    }

    /// Gives the type of the body's value.
    pub(crate) fn with_output(mut self, output: Option<Type>) -> Self {
        self.output = output;
        self
    }

    /// An expression: the future that owns what the body uses and runs it.
    pub(crate) fn into_future(self) -> TokenStream {
        let (first, last) = self.places;
        let typed_return = self.output.map(|output| typed_return(&output));
        let statements = self.statements;
        let mut body = Group::new(Delimiter::Brace, quote!(#typed_return #statements));
        body.set_span(made_at(last));
        quote_spanned!(made_at(first)=> async move #body)
    }
}

/// A `return` that is never reached and tells the compiler the type of the block's value.
///
/// An `async` block cannot be given a type. With a `return` of that type at its head the rest is
/// coerced to it, so `?` knows its error and `Ok(Box::new(e))` may become a `Box<dyn Error>`.
/// A function `fn typed<T, F: Future<Output = T>>` around the block would not do: it compares the
/// finished type and coerces nothing.
fn typed_return(output: &Type) -> TokenStream {
    quote_spanned!(made_at(output.span())=>
        if false {
            return __rt::unreached::<#output>();
        }
    )
}

/// The spans of the first and of the last token.
fn ends(tokens: &TokenStream) -> (Span, Span) {
    let mut spans = tokens
        .clone()
        .into_iter()
        .map(|token: TokenTree| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    (first, spans.last().unwrap_or(first))
}
