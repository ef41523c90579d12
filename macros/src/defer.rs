//! `defer!` outside of a defer scope: a guard that runs its code at the end of the block.
//!
//! Inside a scope [`levels`](crate::levels) has taken the `defer!` before the compiler could expand
//! it. So whoever arrives here is outside, and whatever needs a scope is an error.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::deferred::{Code, Deferred};
use crate::level::discarded;
use crate::{crate_and_input, doors, made_at};

/// Expands a `defer!` into statements; `input` begins with the group `[$crate]`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let (gort, input) = crate_and_input(input);
    match Deferred::read(&input, &mut 0).and_then(|deferred| check(deferred, &input)) {
        Ok(deferred) => guard(&gort, &deferred, &input),
        Err(error) => {
            let error = error.to_compile_error();
            quote!(#error;)
        }
    }
}

fn guard(gort: &TokenStream, deferred: &Deferred, input: &TokenStream) -> TokenStream {
    let Deferred {
        now, head, code, ..
    } = deferred;
    let place = made_at(input.span());
    let code = match code {
        Code::Call(call) | Code::Chain(call) => discarded(call),
        Code::Block { code, .. } => code.clone(),
        Code::Owned(_) => unreachable!("it was refused"),
    };
    let doors = doors(gort);
    // The borrow checker names the variable: this is what borrows until the end of the block.
    quote_spanned!(place=>
        #now
        let deferred = { #doors __rt::block_guard(|| { #head #code }) };
    )
}

fn check(deferred: Deferred, input: &TokenStream) -> syn::Result<Deferred> {
    let needs_scope = match &deferred.code {
        Code::Owned(_) => Some("an `async` block"),
        Code::Block { awaits: true, .. } => Some("`.await`"),
        _ if deferred.lends_outcome => Some("`|out|`"),
        _ => None,
    };
    if let Some(what) = needs_scope {
        return Err(syn::Error::new_spanned(
            input,
            format!(
                "`defer!` with {what} needs a defer scope: put `#[gort::defers]` on the function, \
                 or use `defer!` directly in the body of `go!`, `spawn!` or `recover!`"
            ),
        ));
    }
    if deferred.recovers {
        return Err(syn::Error::new_spanned(
            input,
            "`recover()` works only in the deferred code of a defer scope: put \
             `#[gort::defers]` on the function",
        ));
    }
    Ok(deferred)
}
