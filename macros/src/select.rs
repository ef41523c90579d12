//! [`Select`]: `select!`.
//!
//! ```text
//! select! {                          {
//!     job = jobs.recv() => work,         let chosen = __rt::select(And(ARM, And(ARM, End))).await;
//!     done.send(x), if c => rest,  ==>   match chosen {
//! }                                          Chosen::Here(value) => { let job = value; work }
//!                                            Chosen::Later(Chosen::Here(value)) => { .. rest }
//!                                        }
//!                                    }
//! ```
//!
//! The operands stand in one expression, so they are evaluated in source order and what they borrow
//! from temporary values lives until the decision. The bodies stand in a `match` of the caller, so
//! that `?`, `break` and `return` are the caller's; by then all operands are gone.
//!
//! A pattern is bound by `let` in its arm and not in the `match`: the compiler would otherwise name
//! the hidden type when it is one that does not always match.

use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::parse::{Parse, Parser};
use syn::spanned::Spanned;

use crate::cases::{Case, Select};
use crate::refusal::as_expression;
use crate::{braced, crate_and_input, doors, half_typed, made_at};

/// Expands `select!`; `input` begins with the group `[$crate]`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let (gort, input) = crate_and_input(input);
    let error = match Select::parse.parse2(input.clone()) {
        Ok(select) => return select.expand(&gort),
        Err(error) => error,
    };
    match Select::parse.parse2(half_typed::complete(input)) {
        Ok(select) => half_typed::undo(select.expand(&gort)),
        Err(_) => as_expression(&error),
    }
}

impl Select {
    fn expand(self, gort: &TokenStream) -> TokenStream {
        let doors = doors(gort);
        let here = Span::mixed_site();
        let Some(first) = self.cases.first() else {
            return match self.default {
                Some(body) => quote!({ #body }),
                None => quote_spanned!(here=> { #doors __rt::never().await }),
            };
        };
        let place = made_at(first.operand.span());
        let arms =
            self.cases
                .iter()
                .rev()
                .fold(quote_spanned!(place=> __rt::End), |later, case| {
                    let arm = case.arm();
                    quote_spanned!(made_at(case.operand.span())=> __rt::And(#arm, #later))
                });
        let name = match (self.default.is_some(), self.is_biased) {
            (false, false) => "select",
            (false, true) => "select_in_order",
            (true, false) => "select_now",
            (true, true) => "select_now_in_order",
        };
        let function = format_ident!("{name}", span = place);
        let wait = self
            .default
            .is_none()
            .then(|| quote_spanned!(place=> .await));
        let is_now = self.default.is_some();
        let bodies = self.cases.iter().enumerate().map(|(number, case)| {
            let mut chosen = quote_spanned!(here=> __rt::Chosen::Here(value));
            for _ in 0..number {
                chosen = quote_spanned!(here=> __rt::Chosen::Later(#chosen));
            }
            if is_now {
                chosen = quote_spanned!(here=> ::core::option::Option::Some(#chosen));
            }
            let body = case.body();
            quote_spanned!(here=> #chosen => #body)
        });
        let default = self
            .default
            .iter()
            .map(|body| quote_spanned!(here=> ::core::option::Option::None => { #body }));
        quote_spanned!(here=> {
            #doors
            let chosen = {
                use __rt::{ViaChannel as _, ViaNothing as _, ViaPoll as _};
                __rt::#function(#arms)
            } #wait;
            match chosen {
                #(#bodies)*
                #(#default)*
            }
        })
    }
}

impl Case {
    /// An expression: the arm, which may take no part if there is a guard.
    fn arm(&self) -> TokenStream {
        let operand = &self.operand;
        let span = made_at(operand.span());
        if half_typed::is_in(&operand.to_token_stream()) {
            // It is an error already, and no second one is to follow from its type.
            return quote_spanned!(span=> match #operand { _ => __rt::half_typed() });
        }
        // `match` keeps what the operand borrows from temporary values until the decision.
        let arm = quote_spanned!(span=> match #operand {
            operand => {
                let kind = (&&__rt::Operand::of(&operand)).__kind();
                kind.arm(operand)
            }
        });
        match &self.guard {
            None => arm,
            Some(guard) => quote_spanned!(made_at(guard.span())=>
                if #guard {
                    ::core::option::Option::Some(#arm)
                } else {
                    ::core::option::Option::None
                }
            ),
        }
    }

    /// The arm of the `match`: the pattern is bound, then the body runs.
    fn body(&self) -> Group {
        let body = &self.body;
        let here = Span::mixed_site();
        let bound = match &self.pattern {
            Some(pattern) => {
                let value = Ident::new("value", here);
                quote_spanned!(made_at(pattern.span())=> let #pattern = #value;)
            }
            None => quote_spanned!(here=> ::core::mem::drop(value);),
        };
        braced(quote!(#bound #body), here)
    }
}
