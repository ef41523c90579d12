//! Finds the `recover()` of deferred code and lets it ask the outcome.
//!
//! As in Go it works only where it is written directly in deferred code. In a closure, an `async`
//! block or a function inside, it is left to be the function `gort::recover`, which gives `None`.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::parse::Parser;
use syn::spanned::Spanned;
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
        if let Some(path) = recover_path(expression) {
            *expression = Expr::Verbatim(self.replacement(&path));
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
    /// What stands for a call of `path`. The path stays in it, so that its import is used.
    fn replacement(&mut self, path: &TokenStream) -> TokenStream {
        self.found = true;
        let span = made_at(path.span());
        let outcome = self.outcome;
        quote_spanned!(span=> __rt::recover_from(#path, #outcome))
    }

    /// The arguments of a macro, of which nothing is known but their tokens.
    fn in_tokens(&mut self, tokens: TokenStream) -> TokenStream {
        let mut replaced: Vec<TokenTree> = Vec::new();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let is_call = matches!(&token, TokenTree::Ident(name) if name == "recover")
                && !matches!(replaced.last(), Some(TokenTree::Punct(mark)) if mark.as_char() == '.')
                && tokens.peek().is_some_and(is_empty_parentheses);
            match token {
                name if is_call => {
                    tokens.next();
                    let mut path = take_path_before(&mut replaced);
                    path.extend([name]);
                    replaced.extend(self.replacement(&path));
                }
                TokenTree::Group(group) => {
                    let mut changed = Group::new(group.delimiter(), self.in_tokens(group.stream()));
                    changed.set_span(group.span());
                    replaced.push(TokenTree::Group(changed));
                }
                other => replaced.push(other),
            }
        }
        replaced.into_iter().collect()
    }
}

/// Takes `a::b::` from the end of `tokens`.
fn take_path_before(tokens: &mut Vec<TokenTree>) -> TokenStream {
    let is_colon =
        |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ':');
    let mut start = tokens.len();
    while let [.., one, two] = &tokens[..start] {
        if !is_colon(one) || !is_colon(two) {
            break;
        }
        start -= 2;
        if matches!(tokens[..start].last(), Some(TokenTree::Ident(_))) {
            start -= 1;
        }
    }
    tokens.split_off(start).into_iter().collect()
}

fn is_empty_parentheses(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(arguments)
        if arguments.delimiter() == Delimiter::Parenthesis && arguments.stream().is_empty())
}

/// The path of the function, if the expression is `recover()`.
fn recover_path(expression: &Expr) -> Option<TokenStream> {
    let Expr::Call(call) = expression else {
        return None;
    };
    let Expr::Path(callee) = peel(&call.func) else {
        return None;
    };
    let name = callee.path.segments.last()?;
    let is_recover = name.ident == "recover" && name.arguments.is_none() && call.args.is_empty();
    is_recover.then(|| callee.to_token_stream())
}
