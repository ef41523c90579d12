//! [`Select`], [`Case`]: what stands in the braces of `select!`.
//!
//! Much of what Go programmers write out of habit is not Rust, so the messages say how it is
//! written here. All mistakes are told up to the first behind which it is unclear where the next
//! case begins.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::{Expr, Pat, Token};

use crate::refusal::Mistakes;

/// A word for each arm: the order of their trials is a set of so many bits.
const CASES_MAX: usize = 64;

/// What stands in the braces.
pub(crate) struct Select {
    /// Whether the first arm that is ready wins.
    pub(crate) is_biased: bool,
    pub(crate) cases: Vec<Case>,
    /// What is done if no arm is ready.
    pub(crate) default: Option<TokenStream>,
}

/// `pattern = operand, if guard => body`.
pub(crate) struct Case {
    pub(crate) pattern: Option<Pat>,
    pub(crate) operand: Expr,
    pub(crate) guard: Option<Expr>,
    pub(crate) body: TokenStream,
}

impl Parse for Select {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut reader = Reader {
            select: Select {
                is_biased: false,
                cases: Vec::new(),
                default: None,
            },
            mistakes: Mistakes::default(),
        };
        if let Err(last) = reader.read(input) {
            reader.mistakes.add(last);
        }
        reader.mistakes.into_result()?;
        Ok(reader.select)
    }
}

/// Reads the cases.
struct Reader {
    select: Select,
    mistakes: Mistakes,
}

impl Reader {
    fn mistake(&mut self, place: impl ToTokens, message: &str) {
        self.mistakes.add(syn::Error::new_spanned(place, message));
    }

    /// Reads all of it. An error is what comes behind the mistakes that are noted already.
    fn read(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        self.select.is_biased = parse_biased(input)?;
        while !input.is_empty() {
            if input.peek2(Token![=>]) && (input.peek(Token![_]) || input.peek(Token![else])) {
                self.parse_wrong_default(input)?;
            } else if is_default(input) {
                self.parse_default(input)?;
            } else {
                self.parse_case(input)?;
            }
        }
        if let Some(case) = self.select.cases.get(CASES_MAX) {
            let operand = case.operand.clone();
            self.mistake(operand, "`select!` takes at most 64 cases");
        }
        Ok(())
    }

    fn parse_wrong_default(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let wrong: TokenTree = input.parse()?;
        let message = "the case for \"nothing is ready\" is written `default => ..`";
        self.mistake(wrong, message);
        parse_body(input)?;
        Ok(())
    }

    fn parse_default(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let name = input.call(Ident::parse_any)?;
        if !input.peek(Token![=>]) {
            input.parse::<Option<Token![,]>>()?;
            let word = input.parse::<Token![if]>()?;
            input.parse::<Expr>()?;
            self.mistake(
                word,
                "the `default` case has no guard: put the `if` into its body",
            );
        }
        let body = parse_body(input)?;
        if self.select.default.replace(body).is_some() {
            self.mistake(name, "`select!` has more than one `default` case");
        }
        Ok(())
    }

    fn parse_case(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        refuse_word_case(input)?;
        let pattern = parse_pattern(input)?;
        refuse_arrow(input)?;
        let operand: Expr = input.parse()?;
        let guard = parse_guard(input)?;
        if !input.peek(Token![=>]) {
            let message = "expected `=>` after the operation: `value = rx.recv() => ..`";
            return Err(match input.is_empty() {
                true => syn::Error::new_spanned(&operand, message),
                false => input.error(message),
            });
        }
        let body = parse_body(input)?;
        self.check(pattern.as_ref(), &operand);
        self.select.cases.push(Case {
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
            let operand = operand.to_token_stream().to_string().replace(' ', "");
            let message = format!(
                "the pattern of a `select!` case must always match: \
                 `v = {operand} => match v {{ .. }}`"
            );
            self.mistake(pattern, &message);
        }
    }
}

/// Whether `biased;` stands here, which is read.
fn parse_biased(input: ParseStream<'_>) -> syn::Result<bool> {
    if next_word(input).is_none_or(|word| word != "biased")
        || !(input.peek2(Token![;]) || input.peek2(Token![,]))
    {
        return Ok(false);
    }
    input.parse::<Ident>()?;
    if input.peek(Token![,]) {
        return Err(input.error("`biased` is followed by a semicolon: `biased;`"));
    }
    input.parse::<Token![;]>()?;
    Ok(true)
}

/// The word that stands here, keyword or not.
fn next_word(input: ParseStream<'_>) -> Option<Ident> {
    input.fork().call(Ident::parse_any).ok()
}

/// Whether the `default` case stands here, or one with a guard.
fn is_default(input: ParseStream<'_>) -> bool {
    let is_named = next_word(input).is_some_and(|word| word == "default");
    let has_guard = input.peek2(Token![if]) || input.peek2(Token![,]) && input.peek3(Token![if]);
    is_named && (input.peek2(Token![=>]) || has_guard)
}

/// Go's cases begin with `case`.
fn refuse_word_case(input: ParseStream<'_>) -> syn::Result<()> {
    let is_word = next_word(input).is_some_and(|word| word == "case");
    let begins_case = input.peek2(syn::Ident) || input.peek2(Token![_]) || input.peek2(Token![<-]);
    if is_word && begins_case {
        return Err(input.error("the cases of `select!` begin without `case`"));
    }
    Ok(())
}

/// Go receives by `<-c` and sends by `c <- value`.
fn refuse_arrow(input: ParseStream<'_>) -> syn::Result<()> {
    let ahead = input.fork();
    let mut is_first = true;
    while !ahead.is_empty() && !ahead.peek(Token![=>]) {
        if ahead.peek(Token![<-]) {
            return Err(ahead.error(match is_first {
                true => "a receive is written as a method call: `v = c.recv() => ..`",
                false => "a send is written as a method call: `c.send(value) => ..`",
            }));
        }
        ahead.parse::<TokenTree>()?;
        is_first = false;
    }
    Ok(())
}

/// A pattern and its `=`, if that is what stands here.
fn parse_pattern(input: ParseStream<'_>) -> syn::Result<Option<Pat>> {
    let ahead = input.fork();
    if Pat::parse_multi_with_leading_vert(&ahead).is_err() {
        return Ok(None);
    }
    let is_assigned = |at: ParseStream<'_>| {
        at.peek(Token![=]) && !at.peek(Token![=>]) && !at.peek(Token![==])
            || at.peek(Token![:]) && at.peek2(Token![=])
    };
    if ahead.peek(Token![,]) && ahead.peek2(syn::Ident) {
        let comma = ahead.parse::<Token![,]>()?;
        ahead.call(Ident::parse_any)?;
        if is_assigned(&ahead) {
            let message = "a receive gives one value, which is `None` when the channel is closed: \
                           `v = c.recv() => ..`";
            return Err(syn::Error::new_spanned(comma, message));
        }
        return Ok(None);
    }
    if !is_assigned(&ahead) {
        return Ok(None);
    }
    let pattern = Pat::parse_multi_with_leading_vert(input)?;
    if input.peek(Token![:]) {
        return Err(input.error("a value is bound with `=`: `v = c.recv() => ..`"));
    }
    input.parse::<Token![=]>()?;
    Ok(Some(pattern))
}

fn parse_guard(input: ParseStream<'_>) -> syn::Result<Option<Expr>> {
    if input.peek(Token![if]) {
        return Err(input.error("a guard stands behind a comma: `rx.recv(), if condition => ..`"));
    }
    if !(input.peek(Token![,]) && input.peek2(Token![if])) {
        return Ok(None);
    }
    input.parse::<Token![,]>()?;
    input.parse::<Token![if]>()?;
    input.parse().map(Some)
}

/// `=>` and what follows it: an expression up to a comma, or a block that needs none.
fn parse_body(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let arrow = input.parse::<Token![=>]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        let message = "a case needs a body behind its `=>`, at least `{}`";
        return Err(syn::Error::new_spanned(arrow, message));
    }
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
    if !ends_itself && !input.is_empty() && !input.peek(Token![,]) {
        return Err(input.error("expected `,` behind the body of the case before"));
    }
    input.parse::<Option<Token![,]>>()?;
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
