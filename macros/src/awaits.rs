//! Whether code waits: an `.await` that belongs to it, and not to a closure or block inside it.
//!
//! `recover!` and `defer!` expand to different code for what waits and what does not, and tokens
//! are all there is to tell by. The arguments of other macros are looked through as well; an
//! `.await` that only their expansion has (`tokio::join!`) cannot be seen.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{Expr, ExprAsync, ExprAwait, ExprClosure, Item, Macro, Stmt};

use crate::nested::{macro_name, starts_goroutine};

/// Whether statements wait.
pub(crate) fn do_await(statements: &[Stmt]) -> bool {
    let mut awaits = Awaits(false);
    statements
        .iter()
        .for_each(|statement| awaits.visit_stmt(statement));
    awaits.0
}

/// Whether an expression waits.
pub(crate) fn does_await(expression: &Expr) -> bool {
    let mut awaits = Awaits(false);
    awaits.visit_expr(expression);
    awaits.0
}

/// Whether an `.await` has been found.
struct Awaits(bool);

impl<'ast> Visit<'ast> for Awaits {
    fn visit_expr_await(&mut self, _: &'ast ExprAwait) {
        self.0 = true;
    }

    fn visit_expr_closure(&mut self, _: &'ast ExprClosure) {}

    fn visit_expr_async(&mut self, _: &'ast ExprAsync) {}

    fn visit_item(&mut self, _: &'ast Item) {}

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.0 |= macro_awaits(call);
    }
}

fn macro_awaits(call: &Macro) -> bool {
    let name = macro_name(call);
    if starts_goroutine(&name) || name == "defer" {
        // A body is somebody else's; arguments are evaluated here.
        return is_awaited_in(&call.tokens, Looked::Arguments);
    }
    if name == "select" {
        return !has_default(&call.tokens);
    }
    if name == "recover" {
        let is_future = call
            .tokens
            .clone()
            .into_iter()
            .next()
            .is_some_and(|first| matches!(first, TokenTree::Ident(word) if word == "async"));
        return !is_future && is_awaited_in(&call.tokens, Looked::Everything);
    }
    is_awaited_in(&call.tokens, Looked::Everything)
}

/// Where to look for an `.await`.
#[derive(Clone, Copy, PartialEq)]
enum Looked {
    /// In all of the tokens.
    Everything,
    /// In parentheses that stand in no braces.
    Arguments,
}

fn is_awaited_in(tokens: &TokenStream, looked: Looked) -> bool {
    let mut after_dot = false;
    tokens.clone().into_iter().any(|token| {
        let found = match &token {
            TokenTree::Ident(word) => after_dot && word == "await" && looked == Looked::Everything,
            TokenTree::Group(group) => match (looked, group.delimiter()) {
                (Looked::Arguments, Delimiter::Brace) => false,
                _ => is_awaited_in(&group.stream(), Looked::Everything),
            },
            _ => false,
        };
        after_dot = matches!(&token, TokenTree::Punct(mark) if mark.as_char() == '.');
        found
    })
}

/// Whether a `select!` has an arm `default =>`, with which it never waits.
fn has_default(arms: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = arms.clone().into_iter().collect();
    tokens.windows(2).any(|pair| {
        matches!(pair, [TokenTree::Ident(word), TokenTree::Punct(mark)]
            if word == "default" && mark.as_char() == '=')
    })
}
