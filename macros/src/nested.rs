//! Finds each `defer!` of a statement that is not the statement itself: in blocks, loops, arms.
//!
//! It is left alone where it belongs to somebody else: in closures, `async` blocks and items, and
//! in the bodies of other goroutines. In the arguments of a macro that is not ours it cannot be
//! understood, and would silently mean something else; there it is refused.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprAsync, ExprClosure, Item, Macro, Stmt};

/// Replaces each `defer!` in a statement by what `push` makes of it.
pub(crate) fn replace(statement: &mut Stmt, push: &mut dyn FnMut(&Macro) -> TokenStream) {
    Nested { push }.visit_stmt_mut(statement);
}

struct Nested<'a> {
    push: &'a mut dyn FnMut(&Macro) -> TokenStream,
}

impl VisitMut for Nested<'_> {
    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        if let Some(call) = as_defer(statement) {
            *statement = Stmt::Expr(Expr::Verbatim((self.push)(call)), None);
            return;
        }
        if let Stmt::Macro(call) = statement {
            self.macro_call(&mut call.mac);
            return;
        }
        visit_mut::visit_stmt_mut(self, statement);
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        if let Expr::Macro(call) = expression {
            if macro_name(&call.mac) == "defer" {
                *expression = Expr::Verbatim((self.push)(&call.mac));
            } else {
                self.macro_call(&mut call.mac);
            }
            return;
        }
        visit_mut::visit_expr_mut(self, expression);
    }

    fn visit_expr_closure_mut(&mut self, _: &mut ExprClosure) {}

    fn visit_expr_async_mut(&mut self, _: &mut ExprAsync) {}

    fn visit_item_mut(&mut self, _: &mut Item) {}
}

impl Nested<'_> {
    fn macro_call(&mut self, call: &mut Macro) {
        let name = macro_name(call);
        if starts_goroutine(&name) || name == "recover" || !mentions_defer(&call.tokens) {
            return;
        }
        let path = call.path.to_token_stream().to_string().replace(' ', "");
        let error = syn::Error::new_spanned(
            &call.path,
            format!(
                "`defer!` inside `{path}!` is hidden from the function it belongs to; move it out \
                 of the macro call"
            ),
        );
        call.path = syn::parse_quote!(::core::compile_error);
        call.tokens = message_of(&error);
    }
}

fn message_of(error: &syn::Error) -> TokenStream {
    error.to_string().to_token_stream()
}

/// The `defer!` that this statement is.
pub(crate) fn as_defer(statement: &Stmt) -> Option<&Macro> {
    let call = match statement {
        Stmt::Macro(call) => &call.mac,
        Stmt::Expr(Expr::Macro(call), _) => &call.mac,
        _ => return None,
    };
    (macro_name(call) == "defer").then_some(call)
}

/// The last part of a macro's path.
pub(crate) fn macro_name(call: &Macro) -> String {
    let last = call.path.segments.last();
    last.map(|segment| segment.ident.to_string())
        .unwrap_or_default()
}

/// Whether a macro of this name runs its body in another goroutine.
pub(crate) fn starts_goroutine(name: &str) -> bool {
    name == "go" || name == "spawn"
}

/// Whether `defer!` stands anywhere in the tokens.
pub(crate) fn mentions_defer(tokens: &TokenStream) -> bool {
    let mut after_name = false;
    tokens.clone().into_iter().any(|token| {
        let found = match &token {
            TokenTree::Group(group) => mentions_defer(&group.stream()),
            TokenTree::Punct(mark) => after_name && mark.as_char() == '!',
            _ => false,
        };
        after_name = matches!(&token, TokenTree::Ident(name) if name == "defer");
        found
    })
}
