//! [`Deferred`]: the input of one `defer!`.
//!
//! | input | now | later |
//! |---|---|---|
//! | `f(args)`, `place.method(args)` | the arguments | the call; what it returns is awaited if it is a future |
//! | any other call, such as `log.lock().push(1)` | | all of it |
//! | `{ .. }`, statements, any other expression | | all of it |
//! | `\|out\| { .. }` | | the body, which has the outcome |
//! | `\|x: T\| { .. }(value)` | the value | the body |
//! | `async move { .. }` | what it captures | the future |
//!
//! A place is a variable or a part of one. It is not evaluated now: the function goes on using it,
//! and it is the same place later. (Go would copy a value receiver; Rust has no receivers that are
//! copied by being used.)
//!
//! `clone(x)` before the body and `move(e)` in it are evaluated now.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Block, Expr, ExprClosure, Pat, PatType, Stmt, Token, UnOp};

use crate::awaits::{do_await, does_await};
use crate::form::{braces_alone, check_arity, closure_call_of, only_expression, peel};
use crate::half_typed;
use crate::made_at;
use crate::moves::{Moves, collect_names};
use crate::operand::{is_literal, root_of};
use crate::options::clones_ahead;
use crate::recover_calls;
use crate::refusal::{Read, Refusal};
use crate::scope::ends;

/// One `defer!`.
pub(crate) struct Deferred {
    /// Statements for where the `defer!` stands.
    pub(crate) now: TokenStream,
    /// Whether those can neither panic nor leave the function.
    pub(crate) is_harmless: bool,
    /// Statements for the head of the deferred code.
    pub(crate) head: TokenStream,
    /// The deferred code.
    pub(crate) code: Code,
    /// Whether it may end a panic.
    pub(crate) recovers: bool,
    /// Whether the user named the outcome: `|out| ..`.
    pub(crate) lends_outcome: bool,
}

/// What runs later.
pub(crate) enum Code {
    /// A call with its arguments in variables. If its value is a future, that is to be awaited.
    Call(TokenStream),
    /// Any other call. It may keep temporaries, so its value is not to be awaited.
    Chain(TokenStream),
    /// Statements.
    Block { code: TokenStream, awaits: bool },
    /// The name of a variable that holds a future.
    Owned(Ident),
}

/// The name of the outcome in expansions.
pub(crate) fn outcome_at(place: Span) -> Ident {
    Ident::new("outcome", made_at(place))
}

/// Reads inputs of `defer!`.
pub(crate) struct Reader<'a> {
    /// Makes names of variables: no two in one function are the same.
    names: &'a mut usize,
    now: TokenStream,
    head: TokenStream,
    is_harmless: bool,
    recovers: bool,
    lends_outcome: bool,
    /// The names of `clone(..)`.
    cloned: Vec<Ident>,
    moves: Moves,
}

impl Deferred {
    /// Reads the tokens between the delimiters of a `defer!`; text that does not parse becomes a
    /// block, so that it keeps its shape once it is complete.
    pub(crate) fn read(input: &TokenStream, names: &mut usize) -> syn::Result<Self> {
        let strictly = |input: TokenStream, names: &mut usize| Reader::new(names).read(input);
        match strictly(input.clone(), names) {
            Ok(deferred) => return Ok(deferred),
            Err(Refusal::Explained(error)) => return Err(error),
            Err(Refusal::Unparsed) => {}
        }
        match strictly(half_typed::complete(input.clone()), names) {
            Ok(deferred) => Ok(deferred.half_typed()),
            Err(_) => Ok(Deferred {
                now: TokenStream::new(),
                is_harmless: true,
                head: TokenStream::new(),
                code: Code::Block {
                    code: input.clone(),
                    awaits: false,
                },
                recovers: false,
                lends_outcome: false,
            }),
        }
    }

    /// Takes the names out that were put in to complete it.
    fn half_typed(mut self) -> Self {
        self.now = half_typed::undo(self.now);
        self.head = half_typed::undo(self.head);
        self.code = match self.code {
            Code::Call(call) => Code::Call(half_typed::undo(call)),
            Code::Chain(call) => Code::Chain(half_typed::undo(call)),
            Code::Block { code, awaits } => Code::Block {
                code: half_typed::undo(code),
                awaits,
            },
            owned @ Code::Owned(_) => owned,
        };
        self
    }
}

impl<'a> Reader<'a> {
    fn new(names: &'a mut usize) -> Self {
        Self {
            names,
            now: TokenStream::new(),
            head: TokenStream::new(),
            is_harmless: true,
            recovers: false,
            lends_outcome: false,
            cloned: Vec::new(),
            moves: Moves::default(),
        }
    }

    fn read(mut self, input: TokenStream) -> Read<Deferred> {
        let input = self.moves.extract(input);
        let parts = |input: ParseStream<'_>| {
            let clones = clones_ahead(input);
            Ok((clones, input.parse::<TokenStream>()?))
        };
        let (clones, body) = parts.parse2(input)?;
        for clone in clones? {
            let (name, value) = (clone.name, clone.value);
            let held = self.evaluate(name.span(), &value);
            let place = made_at(name.span());
            self.head
                .extend(quote_spanned!(place=> let mut #name = #held;));
            self.cloned.push(name);
        }
        let mut code = self.code(body)?;
        let place = match &code {
            Code::Call(code) | Code::Chain(code) | Code::Block { code, .. } => code.span(),
            Code::Owned(name) => name.span(),
        };
        if let Code::Block { code, .. } = &mut code {
            let found;
            (*code, found) = recover_calls::rewrite(code.clone(), &outcome_at(place));
            self.recovers |= found;
        }
        let moved = self.moves.take_all();
        self.is_harmless &= moved.is_empty();
        let now = self.now;
        Ok(Deferred {
            now: quote!(#moved #now),
            is_harmless: self.is_harmless,
            head: self.head,
            code,
            recovers: self.recovers,
            lends_outcome: self.lends_outcome,
        })
    }

    fn code(&mut self, body: TokenStream) -> Read<Code> {
        if body.is_empty() {
            return Err(Refusal::of_call(
                "`defer!` needs a call or a block: `defer!(f(x))` or `defer!({ .. })`",
            ));
        }
        if let Some(group) = braces_alone(&body) {
            let statements = Block::parse_within.parse2(group.stream())?;
            return Ok(block(&statements));
        }
        match only_expression.parse2(body.clone()) {
            Ok(Some(Ok(expression))) => self.expression(&expression),
            Ok(Some(Err(second))) => Err(Refusal::new(
                second,
                "`defer!` takes one call or block; arguments go into the call: \
                 `defer!(f(x, y))`",
            )),
            Ok(None) | Err(_) => Ok(block(&Block::parse_within.parse2(body)?)),
        }
    }

    fn expression(&mut self, expression: &Expr) -> Read<Code> {
        let whole = expression.to_token_stream();
        match peel(expression) {
            Expr::Call(call) if call.attrs.is_empty() => {
                if let Expr::Closure(closure) = peel(&call.func) {
                    let arguments: Vec<Expr> = call.args.iter().cloned().collect();
                    return self.closure_call(closure, &arguments);
                }
                if !is_place(&call.func) {
                    return Ok(Code::Chain(whole));
                }
                let mut call = call.clone();
                self.take_arguments(&mut call.args);
                Ok(Code::Call(call.into_token_stream()))
            }
            Expr::MethodCall(call) if call.attrs.is_empty() => {
                if !is_place(&call.receiver) {
                    return Ok(Code::Chain(whole));
                }
                let mut call = call.clone();
                self.take_arguments(&mut call.args);
                Ok(Code::Call(call.into_token_stream()))
            }
            Expr::Closure(closure) => self.closure(closure),
            Expr::Async(future) if future.attrs.is_empty() => {
                if future.capture.is_none() {
                    return Err(Refusal::new(
                        future.async_token,
                        "a deferred `async` block owns what it uses: `async move { .. }`; to \
                         borrow, write a block: `defer!({ .. })`",
                    ));
                }
                let place = future.async_token.span;
                let head = std::mem::take(&mut self.head);
                let future = quote_spanned!(made_at(place)=> { #head #expression });
                Ok(Code::Owned(self.evaluate(place, &future)))
            }
            Expr::Path(_) | Expr::Field(_) => {
                // Not an error of ours: the compiler knows whether it is a method that was not
                // called, and somebody may be about to type the parentheses. Where the name is
                // missing that is error enough.
                let place = made_at(expression.span());
                let arm = match half_typed::is_in(&whole) {
                    true => quote_spanned!(place=> _ => {}),
                    false => {
                        let name = made_at(ends(&whole).1);
                        quote_spanned!(name=> value => __rt::called(value))
                    }
                };
                Ok(Code::Block {
                    code: quote_spanned!(place=> match #expression { #arm }),
                    awaits: false,
                })
            }
            Expr::Lit(_) => Err(Refusal::new(
                expression,
                "`defer!` needs a call or a block: `defer!(f(x))` or `defer!({ .. })`",
            )),
            Expr::Block(body) if body.attrs.is_empty() && body.label.is_none() => {
                Ok(block(&body.block.stmts))
            }
            other => Ok(Code::Block {
                awaits: does_await(other),
                code: whole,
            }),
        }
    }

    /// `|out| { .. }`, `|| { .. }`, or a closure that is called behind its braces.
    fn closure(&mut self, closure: &ExprClosure) -> Read<Code> {
        if let Some((called, arguments)) = closure_call_of(closure) {
            return self.closure_call(&called, &arguments);
        }
        if closure.inputs.len() > 1 {
            return Err(Refusal::new(
                &closure.inputs,
                "a deferred closure takes at most one parameter, the outcome: `defer!(|out| ..)`",
            ));
        }
        let code = body_of(closure);
        let Some(parameter) = closure.inputs.first() else {
            return Ok(code);
        };
        (self.recovers, self.lends_outcome) = (true, true);
        let place = parameter.span();
        let outcome = outcome_at(place);
        let (pattern, of_type) = typed(parameter);
        self.head
            .extend(quote_spanned!(made_at(place)=> let #pattern #of_type = __rt::lend(#outcome);));
        Ok(code)
    }

    /// Sets the parameters now, as Go's `defer func(x T) { .. }(value)` does.
    fn closure_call(&mut self, closure: &ExprClosure, arguments: &[Expr]) -> Read<Code> {
        check_arity(closure, arguments.len())?;
        for (parameter, argument) in closure.inputs.iter().zip(arguments) {
            let (pattern, of_type) = typed(parameter);
            let place = made_at(argument.span());
            let held = self.name(argument.span());
            self.settle(argument);
            self.now
                .extend(quote_spanned!(place=> let #held #of_type = #argument;));
            self.head
                .extend(quote_spanned!(place=> let #pattern = #held;));
        }
        Ok(body_of(closure))
    }

    /// Takes the arguments of the call, and puts in their places what stands there later.
    fn take_arguments(&mut self, arguments: &mut Punctuated<Expr, Token![,]>) {
        for argument in arguments {
            *argument = Expr::Verbatim(self.argument(argument));
        }
    }

    /// Takes an argument of the call; gives what stands in its place.
    fn argument(&mut self, argument: &Expr) -> TokenStream {
        let mut names = Vec::new();
        collect_names(argument.to_token_stream(), &mut names);
        if names.iter().any(|name| self.cloned.contains(name)) {
            // Of a clone, which is there only later; but its value is that of now.
            return argument.to_token_stream();
        }
        match peel(argument) {
            literal if is_literal(literal) => literal.to_token_stream(),
            Expr::Closure(_) => argument.to_token_stream(),
            Expr::Reference(reference) => {
                let mut reference = reference.clone();
                let root = root_of(&mut reference.expr);
                if !matches!(root, Expr::Path(_)) && !is_literal(root) {
                    let name = self.evaluate(root.span(), &*root);
                    *root = Expr::Verbatim(name.to_token_stream());
                }
                reference.into_token_stream()
            }
            value => self.evaluate(value.span(), value).to_token_stream(),
        }
    }

    /// Evaluates `value` now, into a variable.
    fn evaluate(&mut self, place: Span, value: &impl ToTokens) -> Ident {
        let name = self.name(place);
        self.settle(value);
        self.now
            .extend(quote_spanned!(made_at(place)=> let mut #name = #value;));
        name
    }

    /// Notes what it takes to evaluate `value` now.
    fn settle(&mut self, value: &impl ToTokens) {
        let tokens = value.to_token_stream();
        self.is_harmless &= tokens
            .clone()
            .into_iter()
            .all(|token| matches!(token, TokenTree::Ident(_) | TokenTree::Literal(_)));
        let moved = self.moves.take_those_in(tokens);
        self.is_harmless &= moved.is_empty();
        self.now.extend(moved);
    }

    fn name(&mut self, place: Span) -> Ident {
        let mut name = format_ident!("argument_{}", *self.names);
        *self.names += 1;
        name.set_span(made_at(place));
        name
    }
}

fn block(statements: &[Stmt]) -> Code {
    Code::Block {
        awaits: do_await(statements),
        code: quote!(#(#statements)*),
    }
}

fn body_of(closure: &ExprClosure) -> Code {
    match &*closure.body {
        Expr::Block(body) if body.attrs.is_empty() && body.label.is_none() => {
            block(&body.block.stmts)
        }
        body => Code::Block {
            awaits: does_await(body),
            code: body.to_token_stream(),
        },
    }
}

/// A parameter's pattern, and its type with the colon if it has one.
fn typed(parameter: &Pat) -> (&Pat, TokenStream) {
    match parameter {
        Pat::Type(PatType {
            pat,
            colon_token,
            ty,
            ..
        }) => (pat, quote!(#colon_token #ty)),
        pattern => (pattern, TokenStream::new()),
    }
}

/// Whether an expression is a variable, a function or a part of a variable.
fn is_place(expression: &Expr) -> bool {
    match peel(expression) {
        Expr::Path(_) => true,
        Expr::Field(field) => is_place(&field.base),
        Expr::Index(index) => is_place(&index.expr),
        Expr::Unary(unary) => matches!(unary.op, UnOp::Deref(_)) && is_place(&unary.expr),
        Expr::Reference(reference) => is_place(&reference.expr),
        _ => false,
    }
}
