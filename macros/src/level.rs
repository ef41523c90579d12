//! [`Level`]: the code of one level of a defer scope, see [`levels`](crate::levels).

use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Path, Type};

use crate::deferred::{Code, Deferred, outcome_at};
use crate::scope::typed_return;
use crate::start::awaited;
use crate::{braced, made_at};

/// What the code of all levels of a scope depends on.
#[derive(Clone, Copy)]
pub(crate) struct Level<'a> {
    pub(crate) is_async: bool,
    /// The type of the body's value, if it is known and can be written.
    pub(crate) output: Option<&'a Type>,
}

impl Level<'_> {
    /// Statements that run `rest` and keep how it ended.
    pub(crate) fn protect(&self, rest: TokenStream, recovers: bool, place: Span) -> TokenStream {
        let span = made_at(place);
        let outcome = outcome_at(place);
        if self.is_async {
            let typed_return = self.output.map(typed_return);
            let rest = braced(quote!(#typed_return #rest), span);
            return quote_spanned!(span=>
                let mut #outcome = __rt::protect_async(#recovers, async #rest).await;
            );
        }
        let output = self.output.map(|output| quote_spanned!(span=> -> #output));
        let rest = braced(rest, span);
        quote_spanned!(span=> let mut #outcome = __rt::protect(#recovers, || #output #rest);)
    }

    /// A statement that runs deferred code.
    pub(crate) fn run(
        &self,
        path: &Path,
        attributes: &[Attribute],
        deferred: &Deferred,
    ) -> TokenStream {
        let place = path.span();
        let span = made_at(place);
        let outcome = outcome_at(place);
        let run = match self.waiting(deferred, place) {
            Some(future) => quote_spanned!(span=> {
                let ended = __rt::run_async(#future).await;
                __rt::settle(&mut #outcome, ended);
            }),
            None => match &deferred.code {
                Code::Owned(name) => quote_spanned!(span=> {
                    let ended = __rt::run_owned(#name, __rt::go).await;
                    __rt::settle(&mut #outcome, ended);
                }),
                _ => {
                    let body = body(deferred, place);
                    quote_spanned!(span=> __rt::run(&mut #outcome, |#outcome| #body);)
                }
            },
        };
        quote_spanned!(span=> #(#attributes)* #path! { @deferred #run })
    }

    /// The deferred code as a future, if it may wait.
    fn waiting(&self, deferred: &Deferred, place: Span) -> Option<TokenStream> {
        if !self.is_async {
            return None;
        }
        let span = made_at(place);
        let outcome = outcome_at(place);
        let body = match &deferred.code {
            Code::Call(call) => {
                let head = &deferred.head;
                let awaited = awaited(call);
                braced(quote!(#head #awaited), span)
            }
            Code::Block { awaits: true, .. } => body(deferred, place),
            _ => return None,
        };
        if deferred.recovers {
            // The code was written for what a closure has, a reference.
            return Some(quote_spanned!(span=> async {
                let #outcome = &mut #outcome;
                #body
            }));
        }
        Some(quote_spanned!(span=> async #body))
    }

    /// A block that defers code at run time.
    pub(crate) fn push(&self, path: &Path, deferred: &Deferred) -> TokenStream {
        let place = path.span();
        let span = made_at(place);
        let (stack, outcome) = (stack_at(place), outcome_at(place));
        let now = &deferred.now;
        let push = match (self.waiting(deferred, place), &deferred.code) {
            (Some(future), _) => quote_spanned!(span=>
                #stack.push_waiting(move |slot| async move {
                    let mut #outcome = slot.take();
                    let ended = __rt::run_async(#future).await;
                    __rt::settle(&mut #outcome, ended);
                    #outcome
                });
            ),
            (None, Code::Owned(name)) => quote_spanned!(span=> #stack.push_owned(#name, __rt::go);),
            (None, _) => {
                let body = body(deferred, place);
                quote_spanned!(span=> #stack.push(move |#outcome| #body);)
            }
        };
        quote_spanned!(span=> { #now #path! { @deferred #push } })
    }

    /// The end of a level.
    pub(crate) fn finish(&self, place: Span) -> TokenStream {
        let span = made_at(place);
        let outcome = outcome_at(place);
        let park = self.is_async.then(|| {
            // The outcome is gone before the await, so it need not be `Send` for its sake.
            quote_spanned!(span=>
                if __rt::is_cancelled(&#outcome) {
                    __rt::end_cancelled(#outcome);
                    __rt::never().await
                }
            )
        });
        quote_spanned!(span=> #park __rt::finish(#outcome))
    }
}

/// The block that is the body of deferred code which does not wait for a call.
fn body(deferred: &Deferred, place: Span) -> Group {
    let span = made_at(place);
    let head = &deferred.head;
    let code = match &deferred.code {
        Code::Call(call) | Code::Chain(call) => discarded(call),
        Code::Block { code, .. } => {
            let leaves_by_question_mark = code.to_string().contains('?');
            if deferred.lends_outcome && !leaves_by_question_mark {
                // Its value may borrow from the outcome, and must not leave the closure then.
                let code = braced(code.clone(), span);
                quote_spanned!(span=> let _ = #code;)
            } else {
                code.clone()
            }
        }
        Code::Owned(name) => name.to_token_stream(),
    };
    braced(quote!(#head #code), span)
}

/// Statements that make a call and end its value, which must not be a future.
pub(crate) fn discarded(call: &TokenStream) -> TokenStream {
    let span = made_at(call.span());
    quote_spanned!(span=>
        match #call {
            result => {
                use __rt::{ViaFuture as _, ViaValue as _};
                let kind = (&__rt::Tag::of(&result)).__kind();
                kind.discard(result);
            }
        }
    )
}

/// The name of a level's stack in expansions.
pub(crate) fn stack_at(place: Span) -> Ident {
    Ident::new("stack", made_at(place))
}
