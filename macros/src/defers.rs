//! `#[defers]`: makes a function a defer scope.
//!
//! ```text
//! #[defers]                      fn f(a: A) -> R {
//! fn f(a: A) -> R { body }           defer! { @doors }
//!                         ==>        levels of body
//!                                }
//! ```
//!
//! An attribute cannot be wrapped by `macro_rules!` and so has no `$crate`. It borrows the user's
//! own path to `defer!`, which has: `@doors` expands to the `use` that the rest needs. The function
//! is lowered here and not by a macro in its body, for in an expansion within the expansion editors
//! would complete nothing.

use proc_macro2::{Group, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, Ident, Pat, Path, ReturnType, Stmt, Token, Type, parse_quote};

use crate::entry::Function;
use crate::levels::{Lowered, lower};
use crate::scope::typed_return;
use crate::{braced, made_at};

/// Expands `#[defers]`.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let Ok(mut function) = Function::parse.parse2(item.clone()) else {
        let message = "`#[gort::defers]` belongs on a function with a body: `fn` or `async fn`";
        let error = syn::Error::new_spanned(&item, message).into_compile_error();
        return quote!(#error #item);
    };
    let (gort, mistake) = match (|input: ParseStream<'_>| argument(input)).parse2(arguments) {
        Ok(gort) => (gort, function.check_runtime()),
        Err(mistake) => (None, Some(mistake)),
    };
    let error = mistake.map(syn::Error::into_compile_error);
    let preempt_error = function.preempt_first();
    function.signature.constness = None;
    // A function with a mistake is lowered all the same: its `defer!`s would be further errors.
    function.lower(gort.as_ref());
    quote!(#error #preempt_error #function)
}

/// Reads `crate = path`, or nothing.
pub(crate) fn argument(input: ParseStream<'_>) -> syn::Result<Option<Path>> {
    if input.is_empty() {
        return Ok(None);
    }
    let name = input.call(Ident::parse_any)?;
    if name != "crate" {
        input.parse::<TokenStream>()?;
        let message = format!("unknown argument `{name}`; expected `crate = path`");
        return Err(syn::Error::new_spanned(name, message));
    }
    input.parse::<Token![=]>()?;
    let path = input.call(Path::parse_mod_style)?;
    input.parse::<Option<Token![,]>>()?;
    Ok(Some(path))
}

impl Function {
    fn check_runtime(&self) -> Option<syn::Error> {
        let constness = self.signature.constness.as_ref()?;
        Some(syn::Error::new_spanned(
            constness,
            "`#[gort::defers]` cannot be used on a `const fn`: deferred code runs at run time",
        ))
    }

    /// The body with its deferred code in place, if it has any.
    fn lower_body(&self, output: Option<&Type>, gort: Option<&Path>) -> Option<TokenStream> {
        let is_async = self.signature.asyncness.is_some();
        let lowered = lower(&self.body.stream(), is_async, output)?;
        let doors = doors(gort, &lowered);
        let Lowered { code, path } = lowered;
        if !is_async || path.is_none() {
            // Without a path every `defer!` has been refused.
            return Some(quote!(#doors #code));
        }
        let place = made_at(self.body.span());
        let typed_return = output.map(typed_return);
        Some(quote_spanned!(place=>
            #doors
            __rt::scope(async move { #typed_return #code }).await
        ))
    }

    /// Puts the deferred code in place. A function without any stays as it is.
    fn lower(&mut self, gort: Option<&Path>) {
        let output = nameable(&self.signature.output);
        let output = output.as_ref();
        let Some(body) = self
            .lower_body(output, gort)
            .or_else(|| lower_made(&self.body, output, gort))
        else {
            return;
        };
        self.body = braced(body, self.body.span());
    }
}

/// Lowers a body that another attribute has put into an `async` block before: `#[async_trait]` into
/// `Box::pin(async move { .. })` at the end, `#[instrument]` into a variable.
fn lower_made(body: &Group, output: Option<&Type>, gort: Option<&Path>) -> Option<TokenStream> {
    let mut statements = Block::parse_within.parse2(body.stream()).ok()?;
    let (made, output) = statements
        .iter_mut()
        .find_map(|statement| match statement {
            Stmt::Expr(Expr::Call(call), None) if is_pin(&call.func) => {
                call.args.first_mut().map(|made| (made, None))
            }
            Stmt::Local(local) if is_made_up(&local.pat) => {
                let value = local.init.as_mut()?;
                Some((&mut *value.expr, output))
            }
            _ => None,
        })?;
    let Expr::Async(future) = made else {
        return None;
    };
    let inner = &future.block.stmts;
    let lowered = lower(&quote!(#(#inner)*), true, output)?;
    let doors = doors(gort, &lowered);
    let (place, capture) = (made_at(future.async_token.span()), future.capture);
    let (code, typed_return) = (lowered.code, output.map(typed_return));
    *made = Expr::Verbatim(quote_spanned!(place=>
        { #doors __rt::scope(async #capture { #typed_return #code }) }
    ));
    Some(quote!(#(#statements)*))
}

/// Whether it is `Box::pin`.
fn is_pin(function: &Expr) -> bool {
    let Expr::Path(function) = function else {
        return false;
    };
    let last = function.path.segments.last();
    last.is_some_and(|last| last.ident == "pin")
}

/// Whether a variable has a name as macros make them.
fn is_made_up(pattern: &Pat) -> bool {
    matches!(pattern, Pat::Ident(name) if name.ident.to_string().starts_with("__"))
}

/// The statement that makes gort's hidden module reachable as `__rt`.
fn doors(gort: Option<&Path>, lowered: &Lowered) -> Option<TokenStream> {
    match (gort, &lowered.path) {
        (Some(gort), _) => Some(crate::doors(gort)),
        (None, Some(path)) => Some(quote_spanned!(made_at(path.span())=> #path! { @doors })),
        (None, None) => None,
    }
}

/// The result as a variable's type. What only a signature can say becomes `_`.
fn nameable(output: &ReturnType) -> Option<Type> {
    let mut output = match output {
        ReturnType::Default => return Some(parse_quote!(())),
        ReturnType::Type(_, output) if matches!(**output, Type::Never(_)) => return None,
        ReturnType::Type(_, output) => (**output).clone(),
    };
    struct Opaque;
    impl VisitMut for Opaque {
        fn visit_type_mut(&mut self, part: &mut Type) {
            if matches!(part, Type::ImplTrait(_)) {
                *part = Type::Verbatim(Token![_](made_at(part.span())).into_token_stream());
            }
            visit_mut::visit_type_mut(self, part);
        }
    }
    Opaque.visit_type_mut(&mut output);
    Some(output)
}
