//! [`Options`]: what stands before the body of `go!` and `spawn!`.

use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt;
use syn::parse::{ParseBuffer, ParseStream};
use syn::{Expr, Member, Token, parenthesized, token};

use crate::form::peel;
use crate::made_at;
use crate::refusal::{Mistakes, Read, Refusal};

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
    pub(crate) fn parse(
        input: ParseStream<'_>,
        macro_name: &str,
        mistakes: &mut Mistakes,
    ) -> Read<Self> {
        let mut options = Options::default();
        while let Some(name) = option_ahead(input) {
            input.call(Ident::parse_any)?;
            let option = options.parse_one(&name, input, macro_name);
            mistakes.note(option)?;
            if !input.is_empty() {
                let comma = input.parse::<Token![,]>();
                mistakes.note(comma.map_err(Refusal::from))?;
            }
        }
        if let (Some(local), Some(_)) = (&options.local, &options.on) {
            let message =
                "`local` and `on = ..` exclude each other: a local goroutine runs on this thread";
            mistakes.add(syn::Error::new_spanned(local, message));
        }
        Ok(options)
    }

    /// Reads the option whose name has just been read, to its end also if it is a mistake.
    fn parse_one(&mut self, name: &Ident, input: ParseStream<'_>, macro_name: &str) -> Read<()> {
        match &*name.to_string() {
            "clone" => self.parse_clone(input),
            "local" if !input.peek(Token![=]) => {
                let is_second = self.local.replace(name.clone()).is_some();
                only_one(is_second, name)
            }
            "on" => set(&mut self.on, name, input),
            "name" => set(&mut self.name, name, input),
            unknown => {
                set(&mut None, name, input)?;
                Err(Refusal::new(
                    name,
                    format!(
                        "unknown `{macro_name}` option `{unknown}`; expected `clone(..)`, \
                         `name = ..`, `on = ..` or `local` before the body"
                    ),
                ))
            }
        }
    }

    fn parse_clone(&mut self, input: ParseStream<'_>) -> Read<()> {
        for clone in clone_list(input)? {
            let Clone { name, value } = clone;
            let span = made_at(name.span());
            self.clones
                .extend(quote_spanned!(span=> let mut #name = #value;));
        }
        Ok(())
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
    input.parse::<Token![=]>()?;
    let is_second = option.replace(input.parse()?).is_some();
    only_one(is_second, name)
}

fn only_one(is_second: bool, name: &Ident) -> Read<()> {
    if is_second {
        let message = format!("the option `{name}` is given twice");
        return Err(Refusal::new(name, message));
    }
    Ok(())
}

/// One item of `clone(..)`: a variable and what it is set to.
pub(crate) struct Clone {
    pub(crate) name: Ident,
    pub(crate) value: TokenStream,
}

/// Takes `clone(..),` from the head of `input`, if it is there; what `defer!` has of the options.
pub(crate) fn clones_ahead(input: ParseStream<'_>) -> Read<Vec<Clone>> {
    if option_ahead(input).is_none_or(|name| name != "clone") {
        return Ok(Vec::new());
    }
    input.call(Ident::parse_any)?;
    let clones = clone_list(input)?;
    input.parse::<Token![,]>()?;
    Ok(clones)
}

fn clone_list(input: ParseStream<'_>) -> Read<Vec<Clone>> {
    let list = list_in_parentheses(input)?;
    let mut clones = Vec::new();
    let mut mistakes = Mistakes::default();
    while !list.is_empty() {
        clones.extend(mistakes.note(clone_item(&list))?);
        if !list.is_empty() {
            list.parse::<Token![,]>()?;
        }
    }
    mistakes.or(clones)
}

/// Reads `x`, `self.a.x` or `x = expr`.
fn clone_item(input: ParseStream<'_>) -> Read<Clone> {
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
    let value = match peel(&source) {
        Expr::Path(_) | Expr::Field(_) => quote_spanned!(span=> #source.clone()),
        _ => quote_spanned!(span=> (#source).clone()),
    };
    Ok(Clone { name, value })
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
