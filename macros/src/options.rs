//! [`Options`]: what stands before the body of `go!` and `spawn!`.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseBuffer, ParseStream};
use syn::{Expr, Member, Token, parenthesized, token};

use crate::form::peel;
use crate::made_at;
use crate::refusal::{Read, Refusal};

/// What stands before the body.
#[derive(Default)]
pub(crate) struct Options {
    /// `local`: the goroutine stays on this thread.
    pub(crate) local: Option<Ident>,
    /// `on = expr`: who runs the goroutine.
    pub(crate) on: Option<Expr>,
    /// `name = expr`: what reports call it.
    pub(crate) name: Option<Expr>,
    /// `clone(..)`: a statement for each item, in order.
    pub(crate) clones: TokenStream,
}

impl Options {
    /// Takes the options at the head of `input`, with the comma behind each.
    ///
    /// `macro_name` is for messages.
    pub(crate) fn parse(input: ParseStream<'_>, macro_name: &str) -> Read<Self> {
        let mut options = Options::default();
        while let Some(name) = option_ahead(input) {
            input.call(Ident::parse_any)?;
            match &*name.to_string() {
                "clone" => options.parse_clone(input)?,
                "local" => options.local = Some(only_one(options.local.is_some(), name)?),
                "on" => set(&mut options.on, &name, input)?,
                "name" => set(&mut options.name, &name, input)?,
                unknown => {
                    return Err(Refusal::new(
                        &name,
                        format!(
                            "unknown `{macro_name}` option `{unknown}`; expected `clone(..)`, \
                             `name = ..`, `on = ..` or `local` before the body"
                        ),
                    ));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
            options.check_agreement()?;
        }
        Ok(options)
    }

    fn parse_clone(&mut self, input: ParseStream<'_>) -> Read<()> {
        let list = list_in_parentheses(input)?;
        while !list.is_empty() {
            self.clones.extend(clone_item(&list)?);
            if !list.is_empty() {
                list.parse::<Token![,]>()?;
            }
        }
        Ok(())
    }

    fn check_agreement(&self) -> Read<()> {
        match (&self.local, &self.on) {
            (Some(local), Some(_)) => Err(Refusal::new(
                local,
                "`local` and `on = ..` exclude each other: a local goroutine runs on this thread",
            )),
            _ => Ok(()),
        }
    }
}

/// The name of the option at the head of `input`, if it is one.
///
/// `clone(x)` is an option only with a comma behind it, otherwise a call of a function `clone`.
fn option_ahead(input: ParseStream<'_>) -> Option<Ident> {
    let ahead = input.fork();
    let name = ahead.call(Ident::parse_any).ok()?;
    let is_assignment = ahead.peek(Token![=]) && !ahead.peek(Token![==]) && !ahead.peek(Token![=>]);
    let is_option = if name == "clone" && ahead.peek(token::Paren) {
        ahead.parse::<proc_macro2::TokenTree>().is_ok() && ahead.peek(Token![,])
    } else if name == "local" && ahead.peek(Token![,]) {
        true
    } else {
        is_assignment
    };
    is_option.then_some(name)
}

fn list_in_parentheses<'a>(input: ParseStream<'a>) -> syn::Result<ParseBuffer<'a>> {
    let list;
    parenthesized!(list in input);
    Ok(list)
}

/// Reads `= expr`.
fn set(option: &mut Option<Expr>, name: &Ident, input: ParseStream<'_>) -> Read<()> {
    only_one(option.is_some(), name)?;
    input.parse::<Token![=]>()?;
    *option = Some(input.parse()?);
    Ok(())
}

fn only_one<T: ToTokens>(is_second: bool, name: T) -> Read<T> {
    if is_second {
        let message = format!("the option `{}` is given twice", name.to_token_stream());
        return Err(Refusal::new(name, message));
    }
    Ok(name)
}

/// Reads `x`, `self.a.x` or `x = expr` and gives the statement that makes the clone.
fn clone_item(input: ParseStream<'_>) -> Read<TokenStream> {
    let is_named =
        input.peek(syn::Ident::peek_any) && input.peek2(Token![=]) && !input.peek2(Token![==]);
    let name = if is_named {
        let name = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        Some(name)
    } else {
        None
    };
    let source: Expr = input.parse()?;
    let name = match name {
        Some(name) => name,
        None => own_name(&source)?,
    };
    if name == "self" {
        return Err(Refusal::new(
            &source,
            "`self` cannot be rebound; write `clone(this = self)`",
        ));
    }
    let span = made_at(name.span());
    Ok(match peel(&source) {
        Expr::Path(_) | Expr::Field(_) => quote_spanned!(span=> let mut #name = #source.clone();),
        _ => quote_spanned!(span=> let mut #name = (#source).clone();),
    })
}

/// The name that a variable or field brings with it.
fn own_name(source: &Expr) -> Read<Ident> {
    let mut root = source;
    while let Expr::Field(field) = peel(root) {
        root = &field.base;
    }
    let is_place = matches!(peel(root), Expr::Path(path) if path.path.get_ident().is_some());
    let name = match peel(source) {
        Expr::Path(path) => path.path.get_ident().cloned(),
        Expr::Field(field) => match &field.member {
            Member::Named(name) => Some(name.clone()),
            Member::Unnamed(_) => None,
        },
        _ => None,
    };
    match name {
        Some(name) if is_place => Ok(name),
        _ => {
            let message = "`clone(..)` takes variables, fields or `name = expr`";
            Err(Refusal::new(source, message))
        }
    }
}
