//! [`Form`]: which kind of body was given.
//!
//! A macro cannot see whether it was called with parentheses or braces, so the tokens alone decide:
//!
//! | body | form |
//! |---|---|
//! | `path(args)`, `(callee)(args)` | [`Form::Call`] |
//! | `receiver.method(args)` | [`Form::Method`] |
//! | `(closure)(args)`, `\|p\| { .. }(args)` | [`Form::Closure`] |
//! | a variable or a field | [`Form::Future`] |
//! | `\|\| ..`, `{ .. }`, `async { .. }`, statements, any other expression | [`Form::Block`] |
//! | nothing, a literal, a closure whose parameters get no values | refused |
//!
//! Text that came through another macro's `$e:expr` is wrapped in invisible groups; they are peeled
//! off before looking.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Block, Expr, ExprCall, ExprClosure, ExprMethodCall, ReturnType, Token, Type};

use crate::refusal::{Read, Refusal};
use crate::scope::Scope;

/// Which kind of body was given.
pub(crate) enum Form {
    /// The call of a function, sync or async.
    Call(ExprCall),
    /// The call of a method, sync or async.
    Method(ExprMethodCall),
    /// A closure literal and the values of its parameters.
    Closure(ExprClosure, Vec<Expr>),
    /// A future that exists already.
    Future(Expr),
    /// Code that runs in the goroutine from its first token on.
    Block(Scope),
}

impl Form {
    /// Tells the form of `body`; `macro_name` is for messages.
    pub(crate) fn read(body: TokenStream, macro_name: &str) -> Read<Self> {
        if let Some(group) = braces_alone(&body) {
            return Ok(Form::Block(Scope::of_group(&group)));
        }
        if body.is_empty() {
            return Err(Refusal::of_call(format!(
                "`{macro_name}` needs something to run: a call `{macro_name}(f(x))` or a block \
                 `{macro_name} {{ .. }}`"
            )));
        }
        match only_expression.parse2(body.clone()) {
            Ok(Some(Ok(expression))) => Form::of_expression(expression, macro_name),
            Ok(Some(Err(second_body))) => Err(Refusal::new(
                second_body,
                format!(
                    "`{macro_name}` runs one call or block; arguments go into the call: \
                     `{macro_name}(f(x, y))`"
                ),
            )),
            Ok(None) | Err(_) => {
                Block::parse_within.parse2(body.clone())?;
                Ok(Form::Block(Scope::of_tokens(body)))
            }
        }
    }

    /// The form of text that does not parse.
    ///
    /// It is a block, for that is what most bodies are, and the compiler then says what is wrong.
    pub(crate) fn of_unparsed(body: TokenStream) -> Self {
        Form::Block(Scope::of_tokens(body))
    }

    fn of_expression(expression: Expr, macro_name: &str) -> Read<Self> {
        match peel(&expression) {
            Expr::Call(call) if call.attrs.is_empty() => Ok(match peel(&call.func) {
                Expr::Closure(closure) => return closure_call(closure, &call.args),
                _ => Form::Call(call.clone()),
            }),
            Expr::MethodCall(call) if call.attrs.is_empty() => Ok(Form::Method(call.clone())),
            Expr::Closure(closure) => of_closure(closure, macro_name),
            Expr::Path(_) | Expr::Field(_) => Ok(Form::Future(expression)),
            Expr::Async(block) if block.attrs.is_empty() => {
                Ok(Form::Block(Scope::of_block(&block.block)))
            }
            Expr::Block(block) if block.attrs.is_empty() && block.label.is_none() => {
                Ok(Form::Block(Scope::of_block(&block.block)))
            }
            Expr::Lit(_) => Err(Refusal::new(
                expression,
                format!("`{macro_name}` needs a call, a block or a future"),
            )),
            _ => Ok(Form::Block(Scope::of_tokens(expression))),
        }
    }
}

/// The expression without the parentheses and invisible groups around it.
pub(crate) fn peel(expression: &Expr) -> &Expr {
    match expression {
        Expr::Group(group) => peel(&group.expr),
        Expr::Paren(paren) => peel(&paren.expr),
        other => other,
    }
}

/// The value's type where a signature gives one.
pub(crate) fn output_of(output: &ReturnType) -> Option<Type> {
    match output {
        ReturnType::Default => None,
        ReturnType::Type(_, output) => Some((**output).clone()),
    }
}

pub(crate) fn braces_alone(body: &TokenStream) -> Option<Group> {
    let mut tokens = body.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Brace => {
            Some(group)
        }
        _ => None,
    }
}

/// Reads one expression; gives `None` if statements follow, and what follows a comma as an error.
pub(crate) fn only_expression(
    input: ParseStream<'_>,
) -> syn::Result<Option<Result<Expr, TokenStream>>> {
    let expression: Expr = input.parse()?;
    if input.is_empty() {
        return Ok(Some(Ok(expression)));
    }
    let comma = input.parse::<Option<Token![,]>>()?;
    let rest: TokenStream = input.parse()?;
    Ok(match comma {
        None => None,
        Some(_) if rest.is_empty() => Some(Ok(expression)),
        Some(_) => Some(Err(rest)),
    })
}

/// A closure that is not called, or called as in Go, with the arguments behind its braces.
fn of_closure(closure: &ExprClosure, macro_name: &str) -> Read<Form> {
    if let Some((called, arguments)) = closure_call_of(closure) {
        return closure_call(&called, &arguments);
    }
    if closure.inputs.is_empty() {
        return Ok(Form::Block(closure_scope(closure)));
    }
    let inputs = &closure.inputs;
    let message = format!(
        "this closure has parameters but is not called: `{macro_name}(|{}| {{ .. }}(value))`",
        text(quote!(#inputs)),
    );
    Err(Refusal::new(parameters(closure), message))
}

/// The closure and the arguments of `|s| { .. }(x)`, which reads as a closure whose body calls a
/// block.
pub(crate) fn closure_call_of(closure: &ExprClosure) -> Option<(ExprClosure, Vec<Expr>)> {
    let Expr::Call(call) = &*closure.body else {
        return None;
    };
    let Expr::Block(_) = &*call.func else {
        return None;
    };
    let called = ExprClosure {
        body: call.func.clone(),
        ..closure.clone()
    };
    Some((called, call.args.iter().cloned().collect()))
}

fn closure_call<'a, A>(closure: &ExprClosure, arguments: A) -> Read<Form>
where
    A: IntoIterator<Item = &'a Expr>,
{
    let arguments: Vec<Expr> = arguments.into_iter().cloned().collect();
    check_arity(closure, arguments.len())?;
    Ok(Form::Closure(closure.clone(), arguments))
}

/// Whether a closure takes as many arguments as it is given.
pub(crate) fn check_arity(closure: &ExprClosure, given: usize) -> Read<()> {
    let takes = closure.inputs.len();
    if takes == given {
        return Ok(());
    }
    let plural = if takes == 1 { "" } else { "s" };
    let verb = if given == 1 { "was" } else { "were" };
    Err(Refusal::new(
        parameters(closure),
        format!("this closure takes {takes} argument{plural} but {given} {verb} given"),
    ))
}

/// The body of a closure as the body of a goroutine.
pub(crate) fn closure_scope(closure: &ExprClosure) -> Scope {
    let scope = match &*closure.body {
        Expr::Block(block) if block.attrs.is_empty() && block.label.is_none() => {
            Scope::of_block(&block.block)
        }
        body => Scope::of_tokens(body),
    };
    scope.with_output(output_of(&closure.output))
}

fn parameters(closure: &ExprClosure) -> TokenStream {
    let ExprClosure {
        inputs_begin,
        inputs,
        inputs_end,
        ..
    } = closure;
    quote!(#inputs_begin #inputs #inputs_end)
}

/// The tokens as one would type them, near enough for a message.
fn text(tokens: impl ToTokens) -> String {
    tokens
        .to_token_stream()
        .to_string()
        .replace(" :", ":")
        .replace(" ,", ",")
}
