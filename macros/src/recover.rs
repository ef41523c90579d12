//! `recover!`: runs code and gives its panic as an error.
//!
//! ```text
//! recover!({ f() })             __rt::recover_now(|| { f() })
//! recover!({ f().await })       __rt::recover_async(async { f().await }).await
//! recover!(async { .. })        __rt::recover_async(async { .. })
//! ```
//!
//! The body borrows what it uses. It is a function of its own as far as `return` and `?` go, and a
//! defer scope.

use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{Block, Expr, Stmt, Token};

use crate::awaits::do_await;
use crate::form::{braces_alone, closure_scope, only_expression, peel};
use crate::refusal::{Read, Refusal, as_expression};
use crate::scope::Scope;
use crate::{crate_and_input, doors, half_typed, made_at};

/// How the body runs.
enum Body {
    /// At once.
    Now(Scope),
    /// As a future that is awaited at once.
    Awaited(Scope),
    /// As a future that the user gets.
    Future(Scope, Option<Token![move]>),
}

/// Expands a `recover!`; `input` begins with the group `[$crate]`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let (gort, input) = crate_and_input(input);
    let strictly = |input: TokenStream| read(input).map(|body| assemble(&gort, body));
    match strictly(input.clone()) {
        Ok(expansion) => expansion,
        Err(Refusal::Explained(error)) => as_expression(&error),
        Err(Refusal::Unparsed) => match strictly(half_typed::complete(input.clone())) {
            Ok(expansion) => half_typed::undo(expansion),
            Err(_) => assemble(&gort, Body::Now(Scope::of_tokens(input))),
        },
    }
}

fn read(input: TokenStream) -> Read<Body> {
    if input.is_empty() {
        return Err(Refusal::of_call(
            "`recover!` needs a body: `recover!({ f(x) })`",
        ));
    }
    if let Some(group) = braces_alone(&input) {
        let statements = Block::parse_within.parse2(group.stream())?;
        return Ok(body(Scope::of_group(&group), &statements));
    }
    if let Ok(Some(Ok(expression))) = only_expression.parse2(input.clone()) {
        return expression_body(&expression);
    }
    let statements = Block::parse_within.parse2(input.clone())?;
    Ok(body(Scope::of_tokens(input), &statements))
}

fn expression_body(expression: &Expr) -> Read<Body> {
    Ok(match peel(expression) {
        Expr::Closure(closure) if closure.inputs.is_empty() => {
            body(closure_scope(closure), &[statement(&closure.body)])
        }
        Expr::Closure(closure) => {
            return Err(Refusal::new(
                &closure.inputs,
                "the body of `recover!` takes no parameters: `recover!(|| -> T { .. })`",
            ));
        }
        Expr::Async(future) if future.attrs.is_empty() => {
            Body::Future(Scope::of_block(&future.block), future.capture)
        }
        Expr::Block(braces) if braces.attrs.is_empty() && braces.label.is_none() => {
            body(Scope::of_block(&braces.block), &braces.block.stmts)
        }
        other => body(Scope::of_tokens(expression), &[statement(other)]),
    })
}

fn statement(expression: &Expr) -> Stmt {
    Stmt::Expr(expression.clone(), None)
}

fn body(scope: Scope, statements: &[Stmt]) -> Body {
    if do_await(statements) {
        Body::Awaited(scope)
    } else {
        Body::Now(scope)
    }
}

fn assemble(gort: &TokenStream, body: Body) -> TokenStream {
    let doors = doors(gort);
    let (function, body, is_awaited) = match body {
        Body::Now(scope) => ("recover_now", scope.into_closure(), false),
        Body::Awaited(scope) => ("recover_async", scope.future(None), true),
        Body::Future(scope, capture) => ("recover_async", scope.future(capture), false),
    };
    let place = made_at(body.span());
    let function = Ident::new(function, place);
    let awaited = is_awaited.then(|| quote_spanned!(place=> .await));
    quote_spanned!(place=> { #doors __rt::#function(#body) #awaited })
}
