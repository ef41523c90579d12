//! [`Entry`]: the attributes `#[main]` and `#[test]`.
//!
//! ```text
//! #[gort::main]                       fn main() -> ExitCode {
//! async fn main() -> R { BODY }           run_main(MainConfig::new(), async move {
//!                              ==>            report(async move { BODY }.await)
//!                                         })
//!                                     }
//! ```
//!
//! The body is read as raw tokens, so that code somebody is still typing keeps its place. The
//! result becomes an exit code inside the goroutine; it need not be `Send`, and `Box<dyn Error>` is
//! not. A function without a result has none after expansion either, as `#[should_panic]` demands.
//!
//! A mistake in the arguments leaves the function as it would be without them; a mistake in the
//! function leaves it as it was written. Either way there is one error and the body stays in view.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Ident, Lit, Path, Signature, Token, Type, Visibility, parse_quote};

use crate::form::output_of;
use crate::refusal::Mistakes;
use crate::scope::Scope;
use crate::{doors, made_at};

/// Which attribute was used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// `#[main]`.
    Main,
    /// `#[test]`.
    Test,
}

/// What stands in the parentheses of the attribute.
struct Arguments {
    /// How many goroutines may run at the same time.
    procs: Option<Expr>,
    /// Whether the body stays on the main thread.
    local: bool,
    /// The path of gort.
    gort: Path,
}

/// A function that carries an attribute. Its body is raw, so that it may be half typed.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Group,
}

/// Expands `#[main]` and `#[test]`.
pub(crate) fn expand(entry: Entry, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function = match Function::parse.parse2(item.clone()) {
        Ok(function) => function,
        Err(_) => {
            let message = format!("`{}` belongs on a function: `async fn`", entry.name());
            let error = syn::Error::new_spanned(&item, message).into_compile_error();
            return quote!(#error #item);
        }
    };
    let mut parsed = Arguments {
        procs: None,
        local: false,
        gort: parse_quote!(::gort),
    };
    let read = |input: ParseStream<'_>| parsed.parse(entry, input);
    let error = read.parse2(arguments).err();
    match function.check(entry) {
        Ok(()) => {
            let error = error.map(syn::Error::into_compile_error);
            let expansion = function.expand(entry, &parsed);
            quote!(#error #expansion)
        }
        Err(mut mistake) => {
            mistake.extend(error);
            let error = mistake.into_compile_error();
            let item = function.kept_in_view(entry, &item);
            quote!(#error #item)
        }
    }
}

impl Entry {
    fn name(self) -> &'static str {
        match self {
            Entry::Main => "#[gort::main]",
            Entry::Test => "#[gort::test]",
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Entry::Main => "`procs = N`, `local` or `crate = path`",
            Entry::Test => "`procs = N` or `crate = path`",
        }
    }
}

impl Arguments {
    /// Reads to the end, and tells all mistakes.
    fn parse(&mut self, entry: Entry, input: ParseStream<'_>) -> syn::Result<()> {
        let mut mistakes = Mistakes::default();
        while !input.is_empty() {
            if let Err(mistake) = self.parse_one(entry, input) {
                mistakes.add(mistake);
                // What follows belongs to this argument.
                while !input.is_empty() && !input.peek(Token![,]) {
                    input.parse::<TokenTree>()?;
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        mistakes.into_result()
    }

    fn parse_one(&mut self, entry: Entry, input: ParseStream<'_>) -> syn::Result<()> {
        let name = input.call(Ident::parse_any)?;
        match &*name.to_string() {
            "procs" => self.procs = Some(procs_value(&name, input)?),
            "crate" => {
                input.parse::<Token![=]>()?;
                self.gort = input.call(Path::parse_mod_style)?;
            }
            "local" if entry == Entry::Main => self.local = true,
            unknown => {
                let expected = entry.expected();
                let message = format!("unknown argument `{unknown}`; expected {expected}");
                return Err(syn::Error::new_spanned(name, message));
            }
        }
        Ok(())
    }
}

fn procs_value(name: &Ident, input: ParseStream<'_>) -> syn::Result<Expr> {
    let value = |input: ParseStream<'_>| {
        input.parse::<Token![=]>()?;
        input.parse::<Expr>()
    };
    let message = "`procs` takes a number: `procs = 4`";
    let procs = value(input).map_err(|_| syn::Error::new_spanned(name, message))?;
    if let Expr::Lit(literal) = &procs {
        if matches!(&literal.lit, Lit::Int(number) if number.base10_digits() == "0") {
            let message = "`procs` is at least 1; leave it out for one per CPU";
            return Err(syn::Error::new_spanned(procs, message));
        }
    }
    Ok(procs)
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Function {
            attributes,
            visibility,
            signature,
            body,
        } = self;
        tokens.extend(quote!(#(#attributes)* #visibility #signature #body));
    }
}

impl Function {
    pub(crate) fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let signature = input.parse()?;
        match input.parse()? {
            TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => Ok(Function {
                attributes,
                visibility,
                signature,
                body,
            }),
            other => Err(syn::Error::new_spanned(other, "expected a body")),
        }
    }

    fn check(&self, entry: Entry) -> syn::Result<()> {
        let name = entry.name();
        let Signature {
            fn_token,
            asyncness,
            ident,
            inputs,
            ..
        } = &self.signature;
        if entry == Entry::Main && ident != "main" {
            let message = format!(
                "`{name}` belongs on the function `main`; elsewhere call `gort::block_on(future)`"
            );
            return Err(syn::Error::new_spanned(ident, message));
        }
        let mut mistakes = Mistakes::default();
        if asyncness.is_none() {
            let message = format!("the function of `{name}` must be `async`: `async fn {ident}()`");
            mistakes.add(syn::Error::new_spanned(fn_token, message));
        }
        if !inputs.is_empty() {
            let message = format!("the function of `{name}` takes no arguments");
            mistakes.add(syn::Error::new_spanned(inputs, message));
        }
        if entry == Entry::Test {
            for second in self
                .attributes
                .iter()
                .filter(|attribute| is_test(attribute))
            {
                let message =
                    format!("`{name}` makes the function a test: remove this second attribute");
                mistakes.add(syn::Error::new_spanned(second, message));
            }
        }
        mistakes.into_result()
    }

    /// The function after a mistake in it, so that its body is still checked and completed.
    fn kept_in_view(&self, entry: Entry, item: &TokenStream) -> TokenStream {
        if entry == Entry::Main && self.signature.ident == "main" {
            // A `main` that is async or takes arguments would be a second error.
            return quote!(fn main() { #[allow(dead_code)] #item });
        }
        let Function {
            attributes,
            visibility,
            signature,
            body,
        } = self;
        let attributes = attributes.iter().filter(|attribute| !is_test(attribute));
        quote!(#[allow(dead_code)] #(#attributes)* #visibility #signature #body)
    }

    fn expand(&self, entry: Entry, arguments: &Arguments) -> TokenStream {
        let Function {
            attributes,
            visibility,
            signature,
            body,
        } = self;
        let gort = &arguments.gort;
        let doors = doors(gort);
        let place = made_at(signature.ident.span());
        let output = output_of(&signature.output).filter(|output| !is_unit(output));
        let future = self.future(output.as_ref());
        let mut signature = signature.clone();
        signature.asyncness = None;
        if output.is_some() {
            signature.output = parse_quote!(-> #gort::__rt::ExitCode);
        }
        let run = match (entry, arguments.local) {
            (Entry::Main, false) => quote_spanned!(place=> run_main),
            (Entry::Main, true) => quote_spanned!(place=> run_main_local),
            (Entry::Test, _) => quote_spanned!(place=> run_test),
        };
        let is_test = (entry == Entry::Test).then(|| quote!(#[::core::prelude::v1::test]));
        let procs = arguments
            .procs
            .as_ref()
            .map(|procs| quote_spanned!(place=> .procs(#procs)));
        let config = quote_spanned!(place=> __rt::MainConfig::new() #procs);
        let mut run = Group::new(
            Delimiter::Brace,
            quote_spanned!(place=> #doors __rt::#run(#config, #future)),
        );
        run.set_span(made_at(body.span()));
        quote!(#is_test #(#attributes)* #visibility #signature #run)
    }

    /// The body as a future whose output is `()` or an exit code.
    fn future(&self, output: Option<&Type>) -> TokenStream {
        let scope = Scope::of_group(&self.body);
        let Some(output) = output else {
            return scope.with_output(Some(parse_quote!(()))).into_future();
        };
        let named = is_nameable(output).then(|| output.clone());
        let result = scope.with_output(named).into_future();
        let place = made_at(output.span());
        quote_spanned!(place=> async move { __rt::report(#result.await) })
    }
}

fn is_test(attribute: &Attribute) -> bool {
    attribute
        .path()
        .segments
        .last()
        .is_some_and(|last| last.ident == "test")
}

fn is_unit(output: &Type) -> bool {
    matches!(output, Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// Whether a variable may be declared with this type: neither `!` nor `impl Trait` may.
fn is_nameable(output: &Type) -> bool {
    !matches!(output, Type::Never(_) | Type::ImplTrait(_))
}
