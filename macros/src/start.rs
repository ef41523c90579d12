//! [`Start`]: `go!` and `spawn!`.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, ExprClosure, ExprMethodCall, Pat, PatType};

use crate::form::{Form, closure_scope};
use crate::moves::Moves;
use crate::operand::Operands;
use crate::options::Options;
use crate::refusal::{Read, Refusal, as_expression};
use crate::{doors, half_typed, made_at};

/// Which macro was called. Both read the same grammar.
#[derive(Clone, Copy)]
pub(crate) enum Start {
    /// `go!`: nobody waits for the goroutine.
    Go,
    /// `spawn!`: the value is the goroutine's handle.
    Spawn,
}

/// Code that runs in the caller, and the future that it makes.
struct Lowered {
    /// Statements of the caller.
    before: TokenStream,
    /// An expression, evaluated after them.
    future: TokenStream,
}

/// Expands `go!` and `spawn!`; `input` begins with the group `[$crate]`.
pub(crate) fn expand(start: Start, input: TokenStream) -> TokenStream {
    let mut input = input.into_iter();
    let gort = match input.next() {
        Some(TokenTree::Group(path)) => path.stream(),
        other => unreachable!("the wrapper passes the crate first, not {other:?}"),
    };
    let input: TokenStream = input.collect();
    let expansion = start
        .expand_strictly(&gort, input.clone())
        .or_else(|refusal| match refusal {
            Refusal::Unparsed => {
                let completed = half_typed::complete(input.clone());
                start
                    .expand_strictly(&gort, completed)
                    .map(half_typed::undo)
            }
            explained => Err(explained),
        });
    match expansion {
        Ok(expansion) => expansion,
        Err(Refusal::Explained(error)) => as_expression(&error),
        Err(Refusal::Unparsed) => start.expand_unparsed(&gort, input),
    }
}

impl Start {
    fn name(self) -> &'static str {
        match self {
            Start::Go => "go!",
            Start::Spawn => "spawn!",
        }
    }

    /// Expands input of which every part can be read.
    fn expand_strictly(self, gort: &TokenStream, input: TokenStream) -> Read<TokenStream> {
        let mut moves = Moves::default();
        let input = moves.extract(input);
        let (options, body) = self.split(input)?;
        let form = Form::read(body, self.name())?;
        Ok(self.assemble(gort, &options, lower(form, &mut moves), &mut moves))
    }

    /// Expands input whose body, or all of it, cannot be read.
    fn expand_unparsed(self, gort: &TokenStream, input: TokenStream) -> TokenStream {
        let mut moves = Moves::default();
        let (options, body) = self
            .split(moves.extract(input.clone()))
            .unwrap_or_else(|_| (Options::default(), input));
        let lowered = lower(Form::of_unparsed(body), &mut moves);
        self.assemble(gort, &options, lowered, &mut moves)
    }

    /// Parts the options from the body.
    fn split(self, input: TokenStream) -> Read<(Options, TokenStream)> {
        let parts = |input: ParseStream<'_>| {
            let options = Options::parse(input, self.name());
            Ok((options, input.parse::<TokenStream>()?))
        };
        let (options, body) = parts.parse2(input)?;
        Ok((options?, body))
    }

    /// Puts the statements of the caller and the start of the goroutine together.
    fn assemble(
        self,
        gort: &TokenStream,
        options: &Options,
        lowered: Lowered,
        moves: &mut Moves,
    ) -> TokenStream {
        let Lowered { before, future } = lowered;
        let (clones, moved) = (&options.clones, moves.take_all());
        let doors = doors(gort);
        let before = quote!(#clones #moved #before);
        let door = self.door(options);
        let span = made_at(future.span());
        let builder = options.name.as_ref().map(|name| {
            let span = made_at(name.span());
            quote_spanned!(span=> __rt::Builder::new().name(#name))
        });
        match (&options.on, builder) {
            (Some(executor), builder) => {
                let span = made_at(executor.span());
                let builder = builder.map(|builder| quote!(#builder,));
                // Whatever the method of a foreign type gives, the value of `go!` is `()`.
                let end = matches!(self, Start::Go).then(|| quote!(;));
                quote_spanned!(span=> {
                    #doors
                    use __rt::SpawnExt as _;
                    (#executor).#door(#builder { #before #future }) #end
                })
            }
            (None, Some(builder)) => quote_spanned!(span=> {
                #doors
                let builder = #builder;
                #before
                __rt::#door(builder, #future)
            }),
            (None, None) => quote_spanned!(span=> { #doors #before __rt::#door(#future) }),
        }
    }

    /// The function or method that starts the goroutine.
    fn door(self, options: &Options) -> Ident {
        let what = match self {
            Start::Go => "go",
            Start::Spawn => "spawn",
        };
        let local = options.local.as_ref().map_or("", |_| "_local");
        let with = options.name.as_ref().map_or("", |_| "_with");
        let place = options
            .on
            .as_ref()
            .map_or_else(Span::call_site, Spanned::span);
        format_ident!("{what}{local}{with}", span = made_at(place))
    }
}

fn lower(form: Form, moves: &mut Moves) -> Lowered {
    match form {
        Form::Call(call) => lower_call(call, moves),
        Form::Method(call) => lower_method(call, moves),
        Form::Closure(closure, arguments) => lower_closure(&closure, &arguments, moves),
        Form::Future(future) => {
            // The user's own span, unlike elsewhere: the compiler reports something that is no
            // future at the argument and at the function, and as one error if the two agree.
            let future = quote_spanned!(future.span()=> __rt::given(#future));
            Lowered {
                before: TokenStream::new(),
                future,
            }
        }
        Form::Block(scope) => Lowered {
            before: TokenStream::new(),
            future: scope.into_future(),
        },
    }
}

fn lower_call(mut call: ExprCall, moves: &mut Moves) -> Lowered {
    let mut operands = Operands::new(moves);
    *call.func = Expr::Verbatim(operands.callee(&call.func));
    for argument in &mut call.args {
        *argument = Expr::Verbatim(operands.argument(argument));
    }
    let before = operands.statements;
    if operands.any_borrowed {
        return Lowered {
            before,
            future: call_inside(&call),
        };
    }
    // The call itself makes the future, so that there is no other future around it.
    let span = made_at(call.span());
    let dispatch = quote_spanned!(span=>
        use __rt::{ViaFuture as _, ViaValue as _};
        let call = move || #call;
        let kind = (&__rt::Tag::ret(&call)).__kind();
    );
    let future = quote_spanned!(span=> kind.start(call));
    Lowered {
        before: quote!(#before #dispatch),
        future,
    }
}

fn lower_method(mut call: ExprMethodCall, moves: &mut Moves) -> Lowered {
    let mut operands = Operands::new(moves);
    *call.receiver = Expr::Verbatim(operands.receiver(&call.receiver));
    for argument in &mut call.args {
        *argument = Expr::Verbatim(operands.argument(argument));
    }
    let before = operands.statements;
    Lowered {
        before,
        future: call_inside(&call),
    }
}

/// A future that makes the call and then awaits what the call gave, if that is a future.
///
/// `match` keeps the temporaries of the call until the end of the await. The result is borrowed for
/// the tag in an inner block only, so the future has no room for it beside the awaited one; and the
/// tag has no size and is gone before the await, so it asks nothing of the result.
fn call_inside(call: &impl ToTokens) -> TokenStream {
    let span = made_at(call.span());
    quote_spanned!(span=> async move {
        match #call {
            result => {
                use __rt::{ViaFuture as _, ViaValue as _};
                let kind = (&__rt::Tag::of(&result)).__kind();
                kind.run(result)
            }
        }
        .await
    })
}

/// Sets the parameters in the caller; the closure's body becomes the goroutine.
///
/// All arguments are evaluated before the first parameter is bound, because an argument may use the
/// name that a parameter takes: `|a, b| { .. }(b, a)`.
fn lower_closure(closure: &ExprClosure, arguments: &[Expr], moves: &mut Moves) -> Lowered {
    let mut evaluated = TokenStream::new();
    let mut bound = TokenStream::new();
    for (index, (parameter, argument)) in closure.inputs.iter().zip(arguments).enumerate() {
        let span = made_at(argument.span());
        let (pattern, of_type) = match parameter {
            Pat::Type(PatType {
                pat,
                colon_token,
                ty,
                ..
            }) => (&**pat, quote!(#colon_token #ty)),
            pattern => (pattern, TokenStream::new()),
        };
        let value = format_ident!("argument_{}", index, span = span);
        evaluated.extend(moves.take_those_in(argument.to_token_stream()));
        evaluated.extend(quote_spanned!(span=> let #value #of_type = #argument;));
        bound.extend(quote_spanned!(span=> let #pattern = #value;));
    }
    let future = closure_scope(closure).into_future();
    Lowered {
        before: quote!(#evaluated #bound),
        future,
    }
}
