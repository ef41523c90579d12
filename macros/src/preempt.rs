//! `#[preempt]`: puts a checkpoint into each loop of an async function.
//!
//! ```text
//! #[preempt]                        async fn f() {
//! async fn f() {                        loop {
//!     loop { body }            ==>          ::gort::__rt::checkpoint().await;
//! }                                         body
//!                                       }
//!                                   }
//! ```
//!
//! At the start of the body, so that `continue` passes through it as well. Not in closures, in
//! items, or in async blocks, which are functions of their own.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Block, Expr, ExprAsync, ExprClosure, ExprForLoop, ExprLoop, ExprWhile, Item, Meta,
    Path, Stmt, parse_quote,
};

use crate::defers::argument;
use crate::entry::Function;
use crate::{braced, made_at};

/// Expands `#[preempt]`.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let Ok(mut function) = Function::parse.parse2(item.clone()) else {
        let error = misplaced(&item);
        return quote!(#error #item);
    };
    let error = function.preempt(arguments);
    quote!(#error #function)
}

fn misplaced(item: &impl ToTokens) -> TokenStream {
    let message = "`#[gort::preempt]` belongs on an `async fn`: a checkpoint is an await";
    syn::Error::new_spanned(item, message).into_compile_error()
}

impl Function {
    /// Does for `#[defers]`, which has come first and is about to take the body apart, what the
    /// `#[preempt]` below it asks for.
    pub(crate) fn preempt_first(&mut self) -> Option<TokenStream> {
        let named = |attribute: &Attribute| {
            let last = attribute.path().segments.last();
            last.is_some_and(|last| last.ident == "preempt")
        };
        let at = self.attributes.iter().position(named)?;
        let arguments = match self.attributes.remove(at).meta {
            Meta::List(list) => list.tokens,
            Meta::Path(_) | Meta::NameValue(_) => TokenStream::new(),
        };
        self.preempt(arguments)
    }

    /// Puts a checkpoint into each loop; gives the error, if there is a mistake.
    fn preempt(&mut self, arguments: TokenStream) -> Option<TokenStream> {
        if self.signature.asyncness.is_none() {
            return Some(misplaced(&self.signature));
        }
        let (gort, error) = match argument.parse2(arguments) {
            Ok(gort) => (gort, None),
            Err(mistake) => (None, Some(mistake.into_compile_error())),
        };
        // What does not parse yet stays as it is, for the compiler to explain.
        if let Ok(mut statements) = Block::parse_within.parse2(self.body.stream()) {
            let gort = gort.unwrap_or_else(|| parse_quote!(::gort));
            let mut loops = Loops { gort };
            for statement in &mut statements {
                loops.visit_stmt_mut(statement);
            }
            self.body = braced(quote!(#(#statements)*), self.body.span());
        }
        error
    }
}

/// Puts a checkpoint into each loop.
struct Loops {
    gort: Path,
}

impl Loops {
    fn check(&self, body: &mut Block, keyword: &impl ToTokens) {
        let (gort, place) = (&self.gort, made_at(keyword.span()));
        let checkpoint = quote_spanned!(place=> #gort::__rt::checkpoint().await;);
        let checkpoint = Stmt::Expr(Expr::Verbatim(checkpoint), None);
        body.stmts.insert(0, checkpoint);
    }
}

impl VisitMut for Loops {
    fn visit_expr_loop_mut(&mut self, it: &mut ExprLoop) {
        visit_mut::visit_expr_loop_mut(self, it);
        self.check(&mut it.body, &it.loop_token);
    }

    fn visit_expr_while_mut(&mut self, it: &mut ExprWhile) {
        visit_mut::visit_expr_while_mut(self, it);
        self.check(&mut it.body, &it.while_token);
    }

    fn visit_expr_for_loop_mut(&mut self, it: &mut ExprForLoop) {
        visit_mut::visit_expr_for_loop_mut(self, it);
        self.check(&mut it.body, &it.for_token);
    }

    fn visit_expr_async_mut(&mut self, _: &mut ExprAsync) {}
    fn visit_expr_closure_mut(&mut self, _: &mut ExprClosure) {}
    fn visit_item_mut(&mut self, _: &mut Item) {}
}
