//! [`Scope`]: the body of a goroutine, of `main`, of a test, of `recover!`.
//!
//! Every body goes through here and nowhere else, so what a body may contain is decided for all
//! macros at once. One with a `defer!` in it is cut into [`levels`](crate::levels); a future is
//! then wrapped into `__rt::scope`, which runs the deferred code when it is dropped.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{
    Block, Expr, ExprAsync, ExprBreak, ExprClosure, ExprReturn, ExprTry, Item, Macro, Stmt, Token,
    Type,
};

use crate::levels::{Lowered, lower};
use crate::nested::{as_defer, macro_name, mentions_defer};
use crate::{braced, made_at};

/// Statements that end in a value, and the type of that value where the user gave it.
pub(crate) struct Scope {
    statements: TokenStream,
    output: Option<Type>,
    /// Where the body begins and ends for the reader of an error.
    places: (Span, Span),
}

impl Scope {
    /// The body that stands in braces.
    pub(crate) fn of_group(group: &Group) -> Self {
        let places = (group.span(), group.span());
        Scope {
            statements: group.stream(),
            output: None,
            places,
        }
    }

    /// The body that is a block.
    pub(crate) fn of_block(block: &Block) -> Self {
        let statements = &block.stmts;
        let span = block.brace_token.span.join();
        Scope {
            statements: quote!(#(#statements)*),
            output: None,
            places: (span, span),
        }
    }

    /// The body that has no braces of its own.
    pub(crate) fn of_tokens(tokens: impl ToTokens) -> Self {
        let statements = tokens.into_token_stream();
        let places = ends(&statements);
        Scope {
            statements,
            output: None,
            places,
        }
    }

    /// Gives the type of the body's value.
    pub(crate) fn with_output(mut self, output: Option<Type>) -> Self {
        self.output = output;
        self
    }

    /// An expression: the future that owns what the body uses and runs it.
    pub(crate) fn into_future(self) -> TokenStream {
        let capture = Token![move](made_at(self.places.0));
        self.future(Some(capture))
    }

    /// An expression: the future that borrows what the body uses, or owns it with `move`.
    pub(crate) fn future(self, capture: Option<Token![move]>) -> TokenStream {
        let (first, last) = self.places;
        let place = made_at(first);
        let output = self.scope_output();
        let typed_return = output.as_ref().map(typed_return);
        match lower(&self.statements, true, output.as_ref()) {
            Some(Lowered { code, .. }) => {
                let body = braced(quote!(#typed_return #code), made_at(last));
                quote_spanned!(place=> __rt::scope(async #capture #body))
            }
            None => {
                let statements = self.statements;
                let body = braced(quote!(#typed_return #statements), made_at(last));
                quote_spanned!(place=> async #capture #body)
            }
        }
    }

    /// An expression: the closure that borrows what the body uses and runs it.
    pub(crate) fn into_closure(self) -> TokenStream {
        let (first, last) = self.places;
        let typed = self.scope_output();
        let output = typed.as_ref().map(|output| quote!(-> #output));
        let code = match lower(&self.statements, false, typed.as_ref()) {
            Some(Lowered { code, .. }) => code,
            None => self.statements,
        };
        let body = braced(code, made_at(last));
        quote_spanned!(made_at(first)=> || #output #body)
    }
}

impl Scope {
    /// The type of the value, if the user gave it or a defer scope can be told that it is `()`.
    ///
    /// A body that ends in an endless loop or a panic has the type `!` if nothing says otherwise,
    /// and deferred code could not make it return after a `recover()`.
    fn scope_output(&self) -> Option<Type> {
        if self.output.is_some() || !mentions_defer(&self.statements) {
            return self.output.clone();
        }
        let statements = Block::parse_within.parse2(self.statements.clone()).ok()?;
        let place = made_at(self.places.0);
        has_no_value(&statements).then(|| Type::Verbatim(quote_spanned!(place=> ())))
    }
}

/// Whether a body visibly has no value: no expression at its end, and nothing that leaves it with
/// one.
fn has_no_value(statements: &[Stmt]) -> bool {
    let ends_without = match statements.last() {
        Some(Stmt::Expr(Expr::Loop(_) | Expr::While(_) | Expr::ForLoop(_), None)) => true,
        Some(Stmt::Expr(Expr::Macro(call), None)) => never_returns(&call.mac),
        Some(Stmt::Expr(_, semicolon)) => semicolon.is_some(),
        Some(last @ Stmt::Macro(call)) => {
            call.semi_token.is_some() || as_defer(last).is_some() || never_returns(&call.mac)
        }
        _ => true,
    };
    let mut values = Values(false);
    statements
        .iter()
        .for_each(|statement| values.visit_stmt(statement));
    ends_without && !values.0
}

/// Whether it is a macro of the standard library that always panics.
fn never_returns(call: &Macro) -> bool {
    matches!(&*macro_name(call), "panic" | "unreachable")
}

/// Whether a `return`, `?` or `break` with a value has been found.
struct Values(bool);

impl<'ast> Visit<'ast> for Values {
    fn visit_expr_return(&mut self, leaves: &'ast ExprReturn) {
        self.0 |= leaves.expr.is_some();
    }

    fn visit_expr_try(&mut self, _: &'ast ExprTry) {
        self.0 = true;
    }

    fn visit_expr_break(&mut self, leaves: &'ast ExprBreak) {
        self.0 |= leaves.expr.is_some();
    }

    fn visit_expr_closure(&mut self, _: &'ast ExprClosure) {}

    fn visit_expr_async(&mut self, _: &'ast ExprAsync) {}

    fn visit_item(&mut self, _: &'ast Item) {}
}

/// A `return` that is never reached and tells the compiler the type of the block's value.
///
/// An `async` block cannot be given a type. With a `return` of that type at its head the rest is
/// coerced to it, so `?` knows its error and `Ok(Box::new(e))` may become a `Box<dyn Error>`.
/// A function `fn typed<T, F: Future<Output = T>>` around the block would not do: it compares the
/// finished type and coerces nothing.
pub(crate) fn typed_return(output: &Type) -> TokenStream {
    quote_spanned!(made_at(output.span())=>
        if false {
            return __rt::unreached::<#output>();
        }
    )
}

/// The spans of the first and of the last token.
pub(crate) fn ends(tokens: &TokenStream) -> (Span, Span) {
    let mut spans = tokens
        .clone()
        .into_iter()
        .map(|token: TokenTree| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    (first, spans.last().unwrap_or(first))
}
