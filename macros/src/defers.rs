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

use proc_macro2::{Delimiter, Group, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Ident, Path, ReturnType, Stmt, Token, Type, parse_quote};

use crate::entry::Function;
use crate::levels::{Lowered, lower};
use crate::made_at;
use crate::scope::typed_return;

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
    function.signature.constness = None;
    // A function with a mistake is lowered all the same: its `defer!`s would be further errors.
    function.lower(gort.as_ref());
    let Function {
        attributes,
        visibility,
        signature,
        body,
    } = function;
    quote!(#error #(#attributes)* #visibility #signature #body)
}

/// Reads `crate = path`, or nothing.
fn argument(input: ParseStream<'_>) -> syn::Result<Option<Path>> {
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

    /// Puts the deferred code in place. A function without any stays as it is.
    fn lower(&mut self, gort: Option<&Path>) {
        let output = nameable(&self.signature.output);
        let output = output.as_ref();
        let place = made_at(self.body.span());
        let body = if self.signature.asyncness.is_some() {
            let Some(lowered) = lower(&self.body.stream(), true, output) else {
                return;
            };
            let doors = doors(gort, &lowered);
            let Lowered { code, path } = lowered;
            let typed_return = output.map(typed_return);
            match path {
                Some(_) => quote_spanned!(place=>
                    #doors
                    __rt::scope(async move { #typed_return #code }).await
                ),
                // Every `defer!` has been refused.
                None => code,
            }
        } else if let Some(lowered) = lower_boxed(&self.body, gort) {
            lowered
        } else {
            let Some(lowered) = lower(&self.body.stream(), false, output) else {
                return;
            };
            let doors = doors(gort, &lowered);
            let code = lowered.code;
            quote!(#doors #code)
        };
        let mut body = Group::new(Delimiter::Brace, body);
        body.set_span(self.body.span());
        self.body = body;
    }
}

/// Lowers the body that `#[async_trait]` has made of an `async fn`: `Box::pin(async move { .. })`.
fn lower_boxed(body: &Group, gort: Option<&Path>) -> Option<TokenStream> {
    let mut statements = syn::Block::parse_within.parse2(body.stream()).ok()?;
    let Some(Stmt::Expr(Expr::Call(call), None)) = statements.last_mut() else {
        return None;
    };
    let Expr::Path(function) = &*call.func else {
        return None;
    };
    if function.path.segments.last()?.ident != "pin" {
        return None;
    }
    let Some(Expr::Async(future)) = call.args.first() else {
        return None;
    };
    let (capture, inner) = (future.capture, &future.block.stmts);
    let lowered = lower(&quote!(#(#inner)*), true, None)?;
    let doors = doors(gort, &lowered);
    let (place, code) = (made_at(future.async_token.span()), lowered.code);
    call.args = [Expr::Verbatim(
        quote_spanned!(place=> { #doors __rt::scope(async #capture { #code }) }),
    )]
    .into_iter()
    .collect();
    Some(quote!(#(#statements)*))
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
