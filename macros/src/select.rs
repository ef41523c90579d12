//! [`Select`]: `select!`.
//!
//! ```text
//! select! {                          {
//!     job = jobs.recv() => work,         let chosen = __rt::select(And(ARM, And(ARM, End))).await;
//!     done.send(x), if c => rest,  ==>   match chosen {
//! }                                          Chosen::Here(value) => { let job = value; work }
//!                                            Chosen::Later(Chosen::Here(value)) => { .. rest }
//!                                        }
//!                                    }
//! ```
//!
//! The operands stand in one expression, so they are evaluated in source order and what they borrow
//! from temporary values lives until the decision. The bodies stand in a `match` of the caller, so
//! that `?`, `break` and `return` are the caller's; by then all operands are gone.
//!
//! A pattern is bound by `let` in its arm and not in the `match`: the compiler would otherwise name
//! the hidden type when it is one that does not always match.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::parse::{Parse, ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Expr, Pat, Token};

use crate::refusal::{Mistakes, as_expression};
use crate::{braced, crate_and_input, doors, half_typed, made_at};

/// A word for each arm: the order of their trials is a set of so many bits.
const CASES_MAX: usize = 64;

/// What stands in the braces.
struct Select {
    /// Whether the first arm that is ready wins.
    is_biased: bool,
    cases: Vec<Case>,
    /// What is done if no arm is ready.
    default: Option<TokenStream>,
    /// All mistakes, joined.
    mistakes: Mistakes,
}

/// `pattern = operand, if guard => body`.
struct Case {
    pattern: Option<Pat>,
    operand: Expr,
    guard: Option<Expr>,
    body: TokenStream,
}

/// Expands `select!`; `input` begins with the group `[$crate]`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let (gort, input) = crate_and_input(input);
    let error = match Select::parse.parse2(input.clone()) {
        Ok(select) => return select.expand(&gort),
        Err(error) => error,
    };
    match Select::parse.parse2(half_typed::complete(input)) {
        Ok(select) => half_typed::undo(select.expand(&gort)),
        Err(_) => as_expression(&error),
    }
}

impl Select {
    fn mistake(&mut self, place: impl ToTokens, message: &str) {
        self.mistakes.add(syn::Error::new_spanned(place, message));
    }

    fn parse_default(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let name = input.call(<Ident as syn::ext::IdentExt>::parse_any)?;
        input.parse::<Token![=>]>()?;
        let body = parse_body(input)?;
        if self.default.replace(body).is_some() {
            self.mistake(name, "`select!` has more than one `default` case");
        }
        Ok(())
    }

    fn parse_case(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let pattern = parse_pattern(input)?;
        let operand: Expr = input.parse()?;
        let mut guard = None;
        if input.peek(Token![,]) && input.peek2(Token![if]) {
            input.parse::<Token![,]>()?;
            input.parse::<Token![if]>()?;
            guard = Some(input.parse()?);
        }
        if !input.peek(Token![=>]) {
            let message = "expected `=>` after the operation: `value = rx.recv() => ..`";
            return Err(match input.is_empty() {
                true => syn::Error::new_spanned(&operand, message),
                false => input.error(message),
            });
        }
        input.parse::<Token![=>]>()?;
        let body = parse_body(input)?;
        self.check(pattern.as_ref(), &operand);
        self.cases.push(Case {
            pattern,
            operand,
            guard,
            body,
        });
        Ok(())
    }

    /// Finds mistakes that can be seen without types.
    fn check(&mut self, pattern: Option<&Pat>, operand: &Expr) {
        if let Expr::Await(awaited) = operand {
            let (dot, word) = (awaited.dot_token, awaited.await_token);
            let message = "`select!` awaits the operation itself: remove `.await`";
            self.mistake(quote!(#dot #word), message);
        }
        if let Some(pattern) = pattern.filter(|pattern| may_fail(pattern)) {
            let operand_text = operand.to_token_stream().to_string().replace(' ', "");
            let message = format!(
                "the pattern of a `select!` case must always match: \
                 `v = {operand_text} => match v {{ .. }}`"
            );
            self.mistake(pattern, &message);
        }
    }
}

impl Parse for Select {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut select = Select {
            is_biased: false,
            cases: Vec::new(),
            default: None,
            mistakes: Mistakes::default(),
        };
        if input
            .fork()
            .parse::<Ident>()
            .is_ok_and(|name| name == "biased")
            && input.peek2(Token![;])
        {
            input.parse::<Ident>()?;
            input.parse::<Token![;]>()?;
            select.is_biased = true;
        }
        while !input.is_empty() {
            if input.peek2(Token![=>]) {
                if input.peek(Token![_]) || input.peek(Token![else]) {
                    let wrong: TokenTree = input.fork().parse()?;
                    let message = "the case for \"nothing is ready\" is written `default => ..`";
                    select.mistake(wrong, message);
                    input.parse::<TokenTree>()?;
                    input.parse::<Token![=>]>()?;
                    parse_body(input)?;
                    continue;
                }
                if input
                    .fork()
                    .parse::<Ident>()
                    .is_ok_and(|name| name == "default")
                {
                    select.parse_default(input)?;
                    continue;
                }
            }
            select.parse_case(input)?;
        }
        if let Some(case) = select.cases.get(CASES_MAX) {
            let operand = case.operand.clone();
            select.mistake(operand, "`select!` takes at most 64 cases");
        }
        Ok(select)
    }
}

/// A pattern and its `=`, if that is what stands here.
fn parse_pattern(input: ParseStream<'_>) -> syn::Result<Option<Pat>> {
    let ahead = input.fork();
    let found = Pat::parse_multi_with_leading_vert(&ahead).is_ok()
        && ahead.peek(Token![=])
        && !ahead.peek(Token![=>])
        && !ahead.peek(Token![==]);
    if !found {
        return Ok(None);
    }
    let pattern = Pat::parse_multi_with_leading_vert(input)?;
    input.parse::<Token![=]>()?;
    Ok(Some(pattern))
}

/// What follows `=>`: an expression up to a comma, or a block that needs none.
fn parse_body(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let body = Expr::parse_with_earlier_boundary_rule(input)?;
    let ends_itself = matches!(
        body,
        Expr::Block(_)
            | Expr::If(_)
            | Expr::Match(_)
            | Expr::Loop(_)
            | Expr::While(_)
            | Expr::ForLoop(_)
            | Expr::Unsafe(_)
    );
    if !ends_itself && !input.is_empty() {
        input.parse::<Token![,]>()?;
    } else {
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(body.into_token_stream())
}

/// Whether `pattern` is one of those that are known not to match always. The compiler finds others.
fn may_fail(pattern: &Pat) -> bool {
    let is_variant = |path: &syn::Path, names: &[&str]| {
        path.segments
            .last()
            .is_some_and(|last| names.iter().any(|name| last.ident == name))
    };
    match pattern {
        Pat::TupleStruct(tuple) => is_variant(&tuple.path, &["Some", "Ok", "Err"]),
        Pat::Path(path) => is_variant(&path.path, &["None"]),
        Pat::Ident(name) => name.subpat.is_none() && name.ident == "None",
        Pat::Lit(_) | Pat::Range(_) => true,
        Pat::Paren(inner) => may_fail(&inner.pat),
        _ => false,
    }
}

impl Select {
    fn expand(self, gort: &TokenStream) -> TokenStream {
        if let Err(mistakes) = self.mistakes.into_result() {
            return as_expression(&mistakes);
        }
        let doors = doors(gort);
        let here = Span::mixed_site();
        let Some(first) = self.cases.first() else {
            return match self.default {
                Some(body) => quote!({ #body }),
                None => quote_spanned!(here=> { #doors __rt::never().await }),
            };
        };
        let place = made_at(first.operand.span());
        let arms =
            self.cases
                .iter()
                .rev()
                .fold(quote_spanned!(place=> __rt::End), |later, case| {
                    let arm = case.arm();
                    quote_spanned!(made_at(case.operand.span())=> __rt::And(#arm, #later))
                });
        let name = match (self.default.is_some(), self.is_biased) {
            (false, false) => "select",
            (false, true) => "select_in_order",
            (true, false) => "select_now",
            (true, true) => "select_now_in_order",
        };
        let function = format_ident!("{name}", span = place);
        let wait = self
            .default
            .is_none()
            .then(|| quote_spanned!(place=> .await));
        let is_now = self.default.is_some();
        let bodies = self.cases.iter().enumerate().map(|(number, case)| {
            let mut chosen = quote_spanned!(here=> __rt::Chosen::Here(value));
            for _ in 0..number {
                chosen = quote_spanned!(here=> __rt::Chosen::Later(#chosen));
            }
            if is_now {
                chosen = quote_spanned!(here=> ::core::option::Option::Some(#chosen));
            }
            let body = case.body();
            quote_spanned!(here=> #chosen => #body)
        });
        let default = self
            .default
            .iter()
            .map(|body| quote_spanned!(here=> ::core::option::Option::None => { #body }));
        quote_spanned!(here=> {
            #doors
            let chosen = {
                use __rt::{ViaChannel as _, ViaPoll as _};
                __rt::#function(#arms)
            } #wait;
            match chosen {
                #(#bodies)*
                #(#default)*
            }
        })
    }
}

impl Case {
    /// An expression: the arm, which may take no part if there is a guard.
    fn arm(&self) -> TokenStream {
        let operand = &self.operand;
        let span = made_at(operand.span());
        // `match` keeps what the operand borrows from temporary values until the decision.
        let arm = quote_spanned!(span=> match #operand {
            operand => {
                let kind = (&__rt::Operand::of(&operand)).__kind();
                kind.arm(operand)
            }
        });
        match &self.guard {
            None => arm,
            Some(guard) => quote_spanned!(made_at(guard.span())=>
                if #guard {
                    ::core::option::Option::Some(#arm)
                } else {
                    ::core::option::Option::None
                }
            ),
        }
    }

    /// The arm of the `match`: the pattern is bound, then the body runs.
    fn body(&self) -> Group {
        let body = &self.body;
        let here = Span::mixed_site();
        let bound = match &self.pattern {
            Some(pattern) => {
                let value = Ident::new("value", here);
                quote_spanned!(made_at(pattern.span())=> let #pattern = #value;)
            }
            None => quote_spanned!(here=> ::core::mem::drop(value);),
        };
        braced(quote!(#bound #body), here)
    }
}
