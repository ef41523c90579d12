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

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use std::collections::VecDeque;
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{Attribute, Block, Expr, Item, Macro, Path, Stmt, Type};

use crate::deferred::{Code, Deferred, outcome_at};
use crate::half_typed;
use crate::made_at;
use crate::nested::{self, as_defer, mentions_defer};
use crate::scope::typed_return;
use crate::start::awaited;

/// How many `defer!` an async scope may have beside each other. Each is a future inside the one
/// before, and the compiler gives up on types that are nested too deeply, with an error that nobody
/// would understand.
const ASYNC_LEVELS_MAX: usize = 12;

/// The body of one scope.
pub(crate) struct Levels<'a> {
    is_async: bool,
    /// The type of the body's value, if it is known and can be written.
    output: Option<&'a Type>,
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
        is_async,
        output,
        names: 0,
        count: 0,
        any_refused: false,
        is_too_deep: false,
        path: None,
    };
    // In the closure of a level the items could not be seen from the code before it.
    let (items, statements) = partition(statements);
    let code = levels.level(statements);
    let path = levels.path;
    (path.is_some() || levels.any_refused).then(|| Lowered {
        code: quote!(#(#items)* #code),
        path,
    })
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
    /// The statements up to the end of the body.
    fn level(&mut self, mut statements: VecDeque<Stmt>) -> TokenStream {
        let mut code = TokenStream::new();
        while let Some(mut statement) = statements.pop_front() {
            if as_defer(&statement).is_some() {
                statements.push_front(statement);
                code.extend(self.cut(statements));
                return code;
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
        if self.is_async && self.count > ASYNC_LEVELS_MAX && !self.is_too_deep {
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
        let protected = self.protect(rest, recovers, place);
        let deferred = cuts.iter().rev().map(|cut| self.run(cut));
        let finish = self.finish(place);
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
        if awaits && !self.is_async {
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
        let protected = self.protect(rest, pushed.recovers, place);
        let finish = self.finish(place);
        let (kind, run) = if self.is_async {
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
                    self.push(&call.path, &deferred)
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

    /// Statements that run `rest` and keep how it ended.
    fn protect(&self, rest: TokenStream, recovers: bool, place: Span) -> TokenStream {
        let span = made_at(place);
        let outcome = outcome_at(place);
        if self.is_async {
            let typed_return = self.output.map(typed_return);
            let rest = braced(quote!(#typed_return #rest), span);
            return quote_spanned!(span=>
                let mut #outcome = __rt::protect_async(#recovers, async #rest).await;
            );
        }
        let output = self.output.map(|output| quote_spanned!(span=> -> #output));
        let rest = braced(rest, span);
        quote_spanned!(span=> let mut #outcome = __rt::protect(#recovers, || #output #rest);)
    }

    /// A statement that runs deferred code.
    fn run(&self, cut: &Cut) -> TokenStream {
        let Cut {
            path,
            attributes,
            deferred,
        } = cut;
        let place = path.span();
        let span = made_at(place);
        let outcome = outcome_at(place);
        let run = match self.waiting(deferred, place) {
            Some(future) => quote_spanned!(span=> {
                let ended = __rt::run_async(#future).await;
                __rt::settle(&mut #outcome, ended);
            }),
            None => match &deferred.code {
                Code::Owned(name) => quote_spanned!(span=> {
                    let ended = __rt::run_owned(#name, __rt::go).await;
                    __rt::settle(&mut #outcome, ended);
                }),
                _ => {
                    let body = body(deferred, place);
                    quote_spanned!(span=> __rt::run(&mut #outcome, |#outcome| #body);)
                }
            },
        };
        quote_spanned!(span=> #(#attributes)* #path! { @deferred #run })
    }

    /// The deferred code as a future, if it may wait.
    fn waiting(&self, deferred: &Deferred, place: Span) -> Option<TokenStream> {
        if !self.is_async {
            return None;
        }
        let span = made_at(place);
        let outcome = outcome_at(place);
        let body = match &deferred.code {
            Code::Call(call) => {
                let head = &deferred.head;
                let awaited = awaited(call);
                braced(quote!(#head #awaited), span)
            }
            Code::Block { awaits: true, .. } => body(deferred, place),
            _ => return None,
        };
        if deferred.recovers {
            // The code was written for what a closure has, a reference.
            return Some(quote_spanned!(span=> async {
                let #outcome = &mut #outcome;
                #body
            }));
        }
        Some(quote_spanned!(span=> async #body))
    }

    /// A block that defers code at run time.
    fn push(&self, path: &Path, deferred: &Deferred) -> TokenStream {
        let place = path.span();
        let span = made_at(place);
        let (stack, outcome) = (stack_at(place), outcome_at(place));
        let now = &deferred.now;
        let push = match (self.waiting(deferred, place), &deferred.code) {
            (Some(future), _) => quote_spanned!(span=>
                #stack.push_waiting(move |mut #outcome| async move {
                    let ended = __rt::run_async(#future).await;
                    __rt::settle(&mut #outcome, ended);
                    #outcome
                });
            ),
            (None, Code::Owned(name)) => quote_spanned!(span=> #stack.push_owned(#name, __rt::go);),
            (None, _) => {
                let body = body(deferred, place);
                quote_spanned!(span=> #stack.push(move |#outcome| #body);)
            }
        };
        quote_spanned!(span=> { #now #path! { @deferred #push } })
    }

    /// The end of a level.
    fn finish(&self, place: Span) -> TokenStream {
        let span = made_at(place);
        let outcome = outcome_at(place);
        let park = self.is_async.then(|| {
            // The outcome is gone before the await, so it need not be `Send` for its sake.
            quote_spanned!(span=>
                if __rt::is_cancelled(&#outcome) {
                    __rt::end_cancelled(#outcome);
                    __rt::never().await
                }
            )
        });
        quote_spanned!(span=> #park __rt::finish(#outcome))
    }
}

/// The block that is the body of deferred code which does not wait for a call.
fn body(deferred: &Deferred, place: Span) -> TokenStream {
    let span = made_at(place);
    let head = &deferred.head;
    let code = match &deferred.code {
        Code::Call(call) | Code::Chain(call) => discarded(call),
        Code::Block { code, .. } => {
            let leaves_by_question_mark = code.to_string().contains('?');
            if deferred.lends_outcome && !leaves_by_question_mark {
                // Its value may borrow from the outcome, and must not leave the closure then.
                let code = braced(code.clone(), span);
                quote_spanned!(span=> let _ = #code;)
            } else {
                code.clone()
            }
        }
        Code::Owned(name) => name.to_token_stream(),
    };
    braced(quote!(#head #code), span)
}

/// Statements that make a call and end its value, which must not be a future.
pub(crate) fn discarded(call: &TokenStream) -> TokenStream {
    let span = made_at(call.span());
    quote_spanned!(span=>
        match #call {
            result => {
                use __rt::{ViaFuture as _, ViaValue as _};
                let kind = (&__rt::Tag::of(&result)).__kind();
                kind.discard(result);
            }
        }
    )
}

fn braced(code: TokenStream, span: Span) -> TokenStream {
    let mut group = Group::new(Delimiter::Brace, code);
    group.set_span(span);
    group.into_token_stream()
}

fn stack_at(place: Span) -> Ident {
    Ident::new("stack", made_at(place))
}

fn statement_of(error: &syn::Error, place: Span) -> TokenStream {
    let error = error.to_compile_error();
    quote_spanned!(made_at(place)=> #error;)
}

fn attributes_of(statement: &Stmt) -> &[Attribute] {
    match statement {
        Stmt::Macro(call) => &call.attrs,
        Stmt::Expr(Expr::Macro(call), _) => &call.attrs,
        _ => &[],
    }
}
