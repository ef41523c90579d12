//! [`Levels`]: the body of a defer scope, cut at each `defer!`.
//!
//! ```text
//! first;                          first;
//! defer!(f(x));                   let mut argument_0 = x;
//! second            ==>           let mut outcome = __rt::protect(false, || -> R { second });
//!                                 defer! { @deferred
//!                                     __rt::run(&mut outcome, |outcome| f(argument_0));
//!                                 }
//!                                 __rt::finish(outcome)
//! ```
//!
//! The rest of the body is cut in the same way, so the levels are nested and the last `defer!` runs
//! first. In an async scope the rest is an `async` block instead of a closure.
//!
//! A `defer!` in a nested block cannot cut anything: `break` and `continue` could not cross the
//! closure. It becomes a push onto a stack; the stack is declared before the first statement with
//! such a `defer!` in it, and run behind the rest from that statement on. So each level has one
//! stack at most, and the order between the two kinds is right as well.
//!
//! The deferred code stays inside a `defer!` at the user's own path. Its import is used then, an
//! editor finds it, and if it is not gort's `defer!` the compiler says so.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use std::collections::VecDeque;
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{Attribute, Block, Expr, Item, Macro, Pat, Path, Stmt, Type};

use crate::deferred::{Code, Deferred, outcome_at};
use crate::half_typed;
use crate::level::{Level, stack_at};
use crate::made_at;
use crate::nested::{self, as_defer, attributes_of, mentions_defer};

/// How many `defer!` an async scope may have beside each other. Each is a future inside the one
/// before, and the compiler gives up on types that are nested too deeply, with an error that nobody
/// would understand.
const ASYNC_LEVELS_MAX: usize = 12;

/// The body of one scope.
pub(crate) struct Levels<'a> {
    level: Level<'a>,
    /// How many variables have been named.
    names: usize,
    /// How many `defer!` there are beside each other.
    count: usize,
    /// Whether there is a `defer!` that cannot be understood.
    any_refused: bool,
    /// Whether it was told that they are too many.
    is_too_deep: bool,
    /// The path by which the user reaches the first `defer!`; `None` if there is none.
    path: Option<Path>,
}

/// A body with its deferred code in place.
pub(crate) struct Lowered {
    pub(crate) code: TokenStream,
    /// The path of one of its `defer!`; `None` if all there are have been refused.
    pub(crate) path: Option<Path>,
}

/// One `defer!` that cuts the body.
struct Cut {
    path: Path,
    attributes: Vec<Attribute>,
    deferred: Deferred,
}

/// What the pushes onto one stack need.
#[derive(Default)]
struct Pushed {
    any: bool,
    recovers: bool,
    place: Option<Span>,
}

/// Puts the deferred code of a body in place; `None` if there is none.
///
/// Text that does not parse is read as [`half_typed`] says, or else left to the compiler.
pub(crate) fn lower(
    statements: &TokenStream,
    is_async: bool,
    output: Option<&Type>,
) -> Option<Lowered> {
    if !mentions_defer(statements) {
        return None;
    }
    let parse = |tokens: TokenStream| Block::parse_within.parse2(tokens).ok();
    if let Some(statements) = parse(statements.clone()) {
        return lower_parsed(statements, is_async, output);
    }
    let statements = parse(half_typed::complete(statements.clone()))?;
    let mut lowered = lower_parsed(statements, is_async, output)?;
    lowered.code = half_typed::undo(lowered.code);
    Some(lowered)
}

fn lower_parsed(statements: Vec<Stmt>, is_async: bool, output: Option<&Type>) -> Option<Lowered> {
    let mut levels = Levels {
        level: Level { is_async, output },
        names: 0,
        count: 0,
        any_refused: false,
        is_too_deep: false,
        path: None,
    };
    let code = levels.body(statements);
    let path = levels.path;
    (path.is_some() || levels.any_refused).then_some(Lowered { code, path })
}

fn partition(statements: Vec<Stmt>) -> (Vec<Stmt>, VecDeque<Stmt>) {
    let mut items = Vec::new();
    let mut others = VecDeque::new();
    for statement in statements {
        match statement {
            // What `macro_rules!` defines is seen from the next line on, wherever that is.
            Stmt::Item(Item::Macro(_)) => others.push_back(statement),
            Stmt::Item(_) => items.push(statement),
            _ => others.push_back(statement),
        }
    }
    (items, others)
}

impl Levels<'_> {
    /// The statements of a body, or of the block with which it ends.
    fn body(&mut self, statements: Vec<Stmt>) -> TokenStream {
        // In the closure of a level the items could not be seen from the code before it.
        let (items, statements) = partition(statements);
        let code = self.level(statements);
        quote!(#(#items)* #code)
    }

    /// The statements up to the end of the body.
    fn level(&mut self, mut statements: VecDeque<Stmt>) -> TokenStream {
        let mut code = TokenStream::new();
        while let Some(mut statement) = statements.pop_front() {
            if as_defer(&statement).is_some() {
                statements.push_front(statement);
                code.extend(self.cut(statements));
                return code;
            }
            if let Some(body) = body_in(&mut statement, &statements) {
                // What ends the body is no nested block.
                let inner = self.body(std::mem::take(&mut body.stmts));
                body.stmts = vec![Stmt::Expr(Expr::Verbatim(inner), None)];
                statement.to_tokens(&mut code);
                continue;
            }
            let pushed = self.push_nested(&mut statement);
            if pushed.any {
                code.extend(self.stacked(statement, statements, pushed));
                return code;
            }
            statement.to_tokens(&mut code);
        }
        code
    }

    /// A level whose deferred code is the first statements, which are `defer!`.
    fn cut(&mut self, mut statements: VecDeque<Stmt>) -> TokenStream {
        let mut before = TokenStream::new();
        let mut cuts: Vec<Cut> = Vec::new();
        while let Some(call) = statements.front().and_then(as_defer) {
            let place = call.path.span();
            match self.read(call, attributes_of(&statements[0])) {
                // What is evaluated now may end the function; what was deferred before must be
                // behind a level then.
                Ok(cut) if !cuts.is_empty() && !cut.deferred.is_harmless => break,
                Ok(cut) => {
                    before.extend(cut.deferred.now.clone());
                    cuts.push(cut);
                }
                Err(error) => before.extend(statement_of(&error, place)),
            }
            statements.pop_front();
        }
        self.count += cuts.len();
        let Some(last) = cuts.last() else {
            let rest = self.level(statements);
            return quote!(#before #rest);
        };
        let place = last.path.span();
        let recovers = cuts.iter().any(|cut| cut.deferred.recovers);
        if self.level.is_async && self.count > ASYNC_LEVELS_MAX && !self.is_too_deep {
            self.is_too_deep = true;
            let error = syn::Error::new(
                place,
                format!(
                    "more than {ASYNC_LEVELS_MAX} `defer!` in one async scope; put some of the \
                     code into a function of its own, or several calls into one \
                     `defer!({{ .. }})`"
                ),
            );
            before.extend(statement_of(&error, place));
        }
        let rest = self.level(statements);
        let protected = self.level.protect(rest, recovers, place);
        let deferred = cuts
            .iter()
            .rev()
            .map(|cut| self.level.run(&cut.path, &cut.attributes, &cut.deferred));
        let finish = self.level.finish(place);
        quote!(#before #protected #(#deferred)* #finish)
    }

    fn read(&mut self, call: &Macro, attributes: &[Attribute]) -> syn::Result<Cut> {
        self.path.get_or_insert_with(|| call.path.clone());
        if let Some(cfg) = attributes.iter().find(|a| a.path().is_ident("cfg")) {
            return Err(syn::Error::new_spanned(
                cfg,
                "a `defer!` cannot be left out by `#[cfg]`; write it inside: \
                 `defer!({ #[cfg(..)] f(x); })`",
            ));
        }
        Ok(Cut {
            path: call.path.clone(),
            attributes: attributes.to_vec(),
            deferred: self.read_deferred(call)?,
        })
    }

    fn read_deferred(&mut self, call: &Macro) -> syn::Result<Deferred> {
        let deferred = Deferred::read(&call.tokens, &mut self.names).map_err(|error| {
            // An empty input has no place of its own.
            match call.tokens.is_empty() {
                true => syn::Error::new_spanned(&call.path, error),
                false => error,
            }
        })?;
        let awaits = match &deferred.code {
            Code::Block { awaits, .. } => *awaits,
            Code::Owned(_) => true,
            Code::Call(_) | Code::Chain(_) => false,
        };
        if awaits && !self.level.is_async {
            return Err(syn::Error::new_spanned(
                &call.tokens,
                "this deferred code awaits, but the enclosing defer scope is not async",
            ));
        }
        Ok(deferred)
    }

    /// A level whose deferred code is on a stack: from the first statement on that pushes.
    fn stacked(
        &mut self,
        first: Stmt,
        mut statements: VecDeque<Stmt>,
        mut pushed: Pushed,
    ) -> TokenStream {
        let mut rest = first.into_token_stream();
        while let Some(mut statement) = statements.pop_front() {
            if as_defer(&statement).is_some() {
                statements.push_front(statement);
                rest.extend(self.cut(std::mem::take(&mut statements)));
                break;
            }
            pushed.recovers |= self.push_nested(&mut statement).recovers;
            statement.to_tokens(&mut rest);
        }
        self.count += 1;
        let place = pushed.place.unwrap_or_else(Span::call_site);
        let span = made_at(place);
        let (stack, outcome) = (stack_at(place), outcome_at(place));
        let protected = self.level.protect(rest, pushed.recovers, place);
        let finish = self.level.finish(place);
        let (kind, run) = if self.level.is_async {
            let run = quote_spanned!(span=> let mut #outcome = #stack.run(#outcome).await;);
            (quote_spanned!(span=> AsyncStack), run)
        } else {
            let run = quote_spanned!(span=> #stack.run(&mut #outcome););
            (quote_spanned!(span=> Stack), run)
        };
        quote_spanned!(span=> let mut #stack = __rt::#kind::new(); #protected #run #finish)
    }

    /// Replaces each `defer!` inside a statement by a push.
    fn push_nested(&mut self, statement: &mut Stmt) -> Pushed {
        let mut pushed = Pushed::default();
        let refused = nested::replace(statement, &mut |call| {
            self.path.get_or_insert_with(|| call.path.clone());
            let place = call.path.span();
            match self.read_deferred(call) {
                Ok(deferred) => {
                    pushed.any = true;
                    pushed.recovers |= deferred.recovers;
                    pushed.place.get_or_insert(place);
                    self.level.push(&call.path, &deferred)
                }
                Err(error) => {
                    let error = error.to_compile_error();
                    quote_spanned!(made_at(place)=> { #error })
                }
            }
        });
        self.any_refused |= refused;
        pushed
    }
}

/// The block with which a body ends, if `statement` is it: `{ .. }`, or
/// `let result = { .. }; result`, which is what `#[async_trait]` makes of a body.
fn body_in<'a>(statement: &'a mut Stmt, rest: &VecDeque<Stmt>) -> Option<&'a mut Block> {
    let block = match (statement, rest.len()) {
        (Stmt::Expr(Expr::Block(block), None), 0) => block,
        (Stmt::Local(local), 1) => {
            let named = match &local.pat {
                Pat::Type(typed) => &*typed.pat,
                pattern => pattern,
            };
            let Stmt::Expr(last, None) = &rest[0] else {
                return None;
            };
            let is_named =
                named.to_token_stream().to_string() == last.to_token_stream().to_string();
            match local.init.as_mut().map(|value| &mut *value.expr) {
                Some(Expr::Block(block)) if is_named => block,
                _ => return None,
            }
        }
        _ => return None,
    };
    (block.attrs.is_empty() && block.label.is_none()).then_some(&mut block.block)
}

fn statement_of(error: &syn::Error, place: Span) -> TokenStream {
    let error = error.to_compile_error();
    quote_spanned!(made_at(place)=> #error;)
}
