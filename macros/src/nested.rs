//! Finds each `defer!` of a statement that is not the statement itself: in blocks, loops, arms.
//!
//! It is left alone where it belongs to somebody else: in closures, `async` blocks and items, and
//! in the bodies of other goroutines. In the arguments of a macro that is not ours it cannot be
//! understood, and would silently mean something else; there it is refused.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, ExprAsync, ExprClosure, Item, Macro, Stmt, parse_quote_spanned};

/// Replaces each `defer!` in a statement by what `push` makes of it. Gives whether one was refused.
pub(crate) fn replace(statement: &mut Stmt, push: &mut dyn FnMut(&Macro) -> TokenStream) -> bool {
    let mut nested = Nested {
        push,
        refused: false,
    };
    nested.visit_stmt_mut(statement);
    nested.refused
}

struct Nested<'a> {
    push: &'a mut dyn FnMut(&Macro) -> TokenStream,
    refused: bool,
}

impl VisitMut for Nested<'_> {
    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        if let Some(call) = as_defer(statement) {
            let push = (self.push)(call);
            let attributes = attributes_of(statement);
            let push = quote!(#(#attributes)* #push);
            *statement = Stmt::Expr(Expr::Verbatim(push), None);
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
        if name == "select" && !is_foreign(call) {
            call.tokens = self.in_arms(call.tokens.clone());
            return;
        }
        self.refused = true;
        let path = call.path.to_token_stream().to_string().replace(' ', "");
        let message = format!(
            "`defer!` inside `{path}!` is hidden from the function it belongs to; move it out of \
             the macro call"
        );
        let span = call.path.span();
        call.path = parse_quote_spanned!(span=> ::core::compile_error);
        call.tokens = quote_spanned!(span=> #message);
    }

    /// The arms of a `select!`, whose bodies are code of the function: `pattern = operation =>
    /// body`.
    fn in_arms(&mut self, arms: TokenStream) -> TokenStream {
        let mut replaced = TokenStream::new();
        let mut tokens = arms.into_iter().peekable();
        let mut before = None;
        while let Some(token) = tokens.next() {
            let is_arrow = before == Some('=')
                && matches!(&token, TokenTree::Punct(mark) if mark.as_char() == '>');
            before = match &token {
                TokenTree::Punct(mark) => Some(mark.as_char()),
                _ => None,
            };
            replaced.extend([token]);
            if !is_arrow {
                continue;
            }
            let mut body = TokenStream::new();
            while let Some(token) = tokens.next_if(|token| !is_comma(token)) {
                let is_block = body.is_empty()
                    && matches!(&token, TokenTree::Group(group)
                        if group.delimiter() == Delimiter::Brace);
                body.extend([token]);
                if is_block {
                    break;
                }
            }
            replaced.extend(self.in_body(body));
        }
        replaced
    }

    fn in_body(&mut self, body: TokenStream) -> TokenStream {
        let Ok(mut body) = syn::parse2::<Expr>(body.clone()) else {
            return body;
        };
        self.visit_expr_mut(&mut body);
        body.into_token_stream()
    }
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',')
}

/// Whether it is the `select!` of a library that is not gort.
fn is_foreign(call: &Macro) -> bool {
    const LIBRARIES: &[&str] = &[
        "tokio",
        "futures",
        "futures_util",
        "futures_lite",
        "crossbeam",
        "crossbeam_channel",
    ];
    let first = call.path.segments.first();
    call.path.segments.len() > 1
        && first.is_some_and(|first| LIBRARIES.iter().any(|name| first.ident == name))
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

/// What stands before a macro call that is a statement.
pub(crate) fn attributes_of(statement: &Stmt) -> &[Attribute] {
    match statement {
        Stmt::Macro(call) => &call.attrs,
        Stmt::Expr(Expr::Macro(call), _) => &call.attrs,
        _ => &[],
    }
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
