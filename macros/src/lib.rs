//! The macros of gort.
//!
//! Nobody depends on this crate but `gort`, which documents each macro where it exports it. What an
//! expansion names are functions that one could call by hand; the macros decide only *where* an
//! expression is evaluated, in the caller or in the goroutine.
//!
//! ```text
//!   go!{ .. }  --(macro_rules in gort, adds [$crate])-->  __go!{ [$crate] .. }
//!                 start: options, moves            who runs it, what is evaluated before
//!                 form, operand                    a call and its arguments
//!                 scope                            the body of a goroutine, main or a test
//!   defer!, #[defers], recover!
//!                 levels, level, nested            a body, cut at each defer!
//!                 deferred, awaits, recover_calls  one defer!, and what is in it
//!   #[preempt]                       a checkpoint in each loop
//!   select!{ .. }  likewise                        select: arms, and which of them runs
//! ```
//!
//! Three rules hold everywhere:
//!
//! - A path into gort starts with the tokens of `$crate` that the wrapper hands over, so a renamed
//!   or re-exported gort works. Attributes cannot be wrapped; they say `::gort` or take
//!   `crate = path`.
//! - A token that the user did not write gets the span that `made_at` gives: the place is the
//!   user's, so errors point there, and the hygiene is ours, so lints stay silent and names cannot
//!   clash.
//! - An error of ours says what to write instead, and there is one for each mistake. Text that does
//!   not parse is not our error: it is passed on in the shape that it will have once it is
//!   complete, for the compiler to explain and for editors to complete.

mod awaits;
mod cases;
mod defer;
mod deferred;
mod defers;
mod entry;
mod form;
mod half_typed;
mod level;
mod levels;
mod moves;
mod nested;
mod operand;
mod options;
mod preempt;
mod recover;
mod recover_calls;
mod refusal;
mod scope;
mod select;
mod start;

use proc_macro::TokenStream;
use proc_macro2::{Delimiter, Group, Span, TokenStream as TokenStream2, TokenTree};
use quote::{ToTokens, quote};

/// The span of a token that the user did not write and that stands for what is at `place`.
fn made_at(place: Span) -> Span {
    Span::mixed_site().located_at(place)
}

/// The statement that makes gort's hidden module reachable as `__rt`.
///
/// With the path of gort in each call its tokens, which stand in another file, would make the
/// compiler point at the whole macro call instead of at the code that an error is about.
fn doors(gort: &impl ToTokens) -> TokenStream2 {
    quote!(use #gort::__rt;)
}

/// A block at `place`, which is a span of ours.
fn braced(code: TokenStream2, place: Span) -> Group {
    let mut group = Group::new(Delimiter::Brace, code);
    group.set_span(place);
    group
}

/// Parts the crate that a wrapper passes first, as `[$crate]`, from the user's input.
fn crate_and_input(input: TokenStream2) -> (TokenStream2, TokenStream2) {
    let mut input = input.into_iter();
    let gort = match input.next() {
        Some(TokenTree::Group(path)) => path.stream(),
        other => unreachable!("the wrapper passes the crate first, not {other:?}"),
    };
    (gort, input.collect())
}

/// Behind `gort::go!`.
#[doc(hidden)]
#[proc_macro]
pub fn __go(input: TokenStream) -> TokenStream {
    start::expand(start::Start::Go, input.into()).into()
}

/// Behind `gort::spawn!`.
#[doc(hidden)]
#[proc_macro]
pub fn __spawn(input: TokenStream) -> TokenStream {
    start::expand(start::Start::Spawn, input.into()).into()
}

/// Behind `gort::defer!`, where no defer scope has taken it.
#[doc(hidden)]
#[proc_macro]
pub fn __defer(input: TokenStream) -> TokenStream {
    defer::expand(input.into()).into()
}

/// Behind `gort::recover!`.
#[doc(hidden)]
#[proc_macro]
pub fn __recover(input: TokenStream) -> TokenStream {
    recover::expand(input.into()).into()
}

/// `#[gort::defers]`; `gort` documents it.
#[proc_macro_attribute]
pub fn defers(arguments: TokenStream, item: TokenStream) -> TokenStream {
    defers::expand(arguments.into(), item.into()).into()
}

/// Behind `gort::select!`.
#[doc(hidden)]
#[proc_macro]
pub fn __select(input: TokenStream) -> TokenStream {
    select::expand(input.into()).into()
}

/// `#[gort::preempt]`; `gort` documents it.
#[proc_macro_attribute]
pub fn preempt(arguments: TokenStream, item: TokenStream) -> TokenStream {
    preempt::expand(arguments.into(), item.into()).into()
}

/// `#[gort::main]`; `gort` documents it.
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::expand(entry::Entry::Main, arguments.into(), item.into()).into()
}

/// `#[gort::test]`; `gort` documents it.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::expand(entry::Entry::Test, arguments.into(), item.into()).into()
}
