//! Finds the `recover()` of deferred code and lets it ask the outcome.
//!
//! As in Go it works only where it is written directly in deferred code. In a closure, an `async`
//! block or a function inside, it is left to be the function `gort::recover`, which gives `None`.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::parse::Parser;
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, ExprAsync, ExprClosure, Item, Macro};

use crate::form::peel;
use crate::made_at;
use crate::nested::{macro_name, starts_goroutine};

/// Replaces the calls in `code`, which is statements or an expression; tells whether there are any.
pub(crate) fn rewrite(code: TokenStream, outcome: &Ident) -> (TokenStream, bool) {
    let Ok(mut statements) = Block::parse_within.parse2(code.clone()) else {
        return (code, false);
    };
    let mut calls = Calls {
        outcome,
        found: false,
    };
    statements
        .iter_mut()
        .for_each(|statement| calls.visit_stmt_mut(statement));
    if !calls.found {
        return (code, false);
    }
    (quote::quote!(#(#statements)*), true)
}

struct Calls<'a> {
    outcome: &'a Ident,
    found: bool,
}

impl VisitMut for Calls<'_> {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        if is_recover(expression) {
            self.found = true;
            *expression = Expr::Verbatim(self.replacement(expression));
            return;
        }
        visit_mut::visit_expr_mut(self, expression);
    }

    fn visit_expr_closure_mut(&mut self, _: &mut ExprClosure) {}

    fn visit_expr_async_mut(&mut self, _: &mut ExprAsync) {}

    fn visit_item_mut(&mut self, _: &mut Item) {}

    fn visit_macro_mut(&mut self, call: &mut Macro) {
        let name = macro_name(call);
        if !starts_goroutine(&name) && name != "defer" && name != "recover" {
            call.tokens = self.in_tokens(call.tokens.clone());
        }
    }
}

impl Calls<'_> {
    fn replacement(&self, call: &impl ToTokens) -> TokenStream {
        let place = call.to_token_stream().into_iter().next();
        let span = made_at(place.map_or_else(proc_macro2::Span::call_site, |token| token.span()));
        let outcome = self.outcome;
        quote_spanned!(span=> __rt::recover_from(#outcome))
    }

    /// The arguments of a macro, of which nothing is known but their tokens.
    fn in_tokens(&mut self, tokens: TokenStream) -> TokenStream {
        let mut replaced = TokenStream::new();
        let mut tokens = tokens.into_iter().peekable();
        let mut is_method = false;
        while let Some(token) = tokens.next() {
            let is_call = !is_method
                && matches!(&token, TokenTree::Ident(name) if name == "recover")
                && tokens.peek().is_some_and(is_empty_parentheses);
            is_method = matches!(&token, TokenTree::Punct(mark) if mark.as_char() == '.');
            match token {
                call if is_call => {
                    tokens.next();
                    self.found = true;
                    replaced.extend(self.replacement(&call));
                }
                TokenTree::Group(group) => {
                    let mut changed = Group::new(group.delimiter(), self.in_tokens(group.stream()));
                    changed.set_span(group.span());
                    replaced.extend([TokenTree::Group(changed)]);
                }
                other => replaced.extend([other]),
            }
        }
        replaced
    }
}

fn is_empty_parentheses(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(arguments)
        if arguments.delimiter() == Delimiter::Parenthesis && arguments.stream().is_empty())
}

/// Whether it is `recover()`, with or without a path before.
fn is_recover(expression: &Expr) -> bool {
    let Expr::Call(call) = expression else {
        return false;
    };
    let Expr::Path(callee) = peel(&call.func) else {
        return false;
    };
    let name = callee.path.segments.last();
    call.args.is_empty()
        && name.is_some_and(|name| name.ident == "recover" && name.arguments.is_none())
}
