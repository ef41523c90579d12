//! [`Operands`]: where the parts of a call are evaluated.
//!
//! As in Go, the receiver and the arguments are evaluated in the caller, left to right, and the
//! call is made in the goroutine. Each operand gets a statement that evaluates it into a variable,
//! and the variable stands in the call, with these exceptions:
//!
//! - A literal stays in the call, so that its type is inferred from the parameter.
//! - A closure stays in the call, or its parameters would lose the types that the function expects.
//!   It captures by value, as `move` says, for it cannot borrow from a caller that goes on.
//! - Of a borrow (`&x`, `&mut make().field`) only the borrowed value is evaluated: a variable moves
//!   into the goroutine and is borrowed there. The call must then be made in the goroutine even if
//!   it gives a future, because that future borrows from the goroutine.
//! - A receiver in capitals is a `static` or a `const`; it stays, for it cannot be moved.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprReference, Token, UnOp};

use crate::form::peel;
use crate::made_at;
use crate::moves::Moves;

/// The operands of one call.
pub(crate) struct Operands<'a> {
    /// The `move(expr)`s of the body; each is evaluated just before the operand it is in.
    moves: &'a mut Moves,
    /// The statements that evaluate the operands, in order.
    pub(crate) statements: TokenStream,
    /// Whether an operand is borrowed in the call.
    pub(crate) any_borrowed: bool,
    /// How many variables there are, for their names.
    count: usize,
}

impl<'a> Operands<'a> {
    pub(crate) fn new(moves: &'a mut Moves) -> Self {
        Operands {
            moves,
            statements: TokenStream::new(),
            any_borrowed: false,
            count: 0,
        }
    }

    /// Takes what is called; gives what stands in its place.
    pub(crate) fn callee(&mut self, callee: &Expr) -> TokenStream {
        match peel(callee) {
            Expr::Path(_) => callee.to_token_stream(),
            other => self.evaluate(other).to_token_stream(),
        }
    }

    /// Takes a receiver; gives what stands in its place.
    pub(crate) fn receiver(&mut self, receiver: &Expr) -> TokenStream {
        match peel(receiver) {
            Expr::Path(path)
                if path
                    .path
                    .segments
                    .last()
                    .is_some_and(|s| is_static(&s.ident)) =>
            {
                receiver.to_token_stream()
            }
            Expr::Reference(_) | Expr::Closure(_) => {
                let operand = self.argument(receiver);
                quote_spanned!(made_at(receiver.span())=> (#operand))
            }
            Expr::Unary(_) => {
                let operand = self.argument(receiver);
                quote_spanned!(made_at(receiver.span())=> (#operand))
            }
            _ => self.argument(receiver),
        }
    }

    /// Takes an argument; gives what stands in its place.
    pub(crate) fn argument(&mut self, argument: &Expr) -> TokenStream {
        match peel(argument) {
            literal if is_literal(literal) => literal.to_token_stream(),
            Expr::Closure(closure) => {
                let mut closure = closure.clone();
                closure
                    .capture
                    .get_or_insert(Token![move](made_at(closure.inputs_begin.span)));
                let closure = closure.into_token_stream();
                self.statements
                    .extend(self.moves.take_those_in(closure.clone()));
                closure
            }
            Expr::Async(block) => {
                let mut block = block.clone();
                block
                    .capture
                    .get_or_insert(Token![move](made_at(block.async_token.span)));
                self.evaluate(&Expr::Async(block)).to_token_stream()
            }
            Expr::Reference(reference) => self.borrowed(reference),
            value => self.evaluate(value).to_token_stream(),
        }
    }

    fn borrowed(&mut self, reference: &ExprReference) -> TokenStream {
        self.any_borrowed = true;
        let mut reference = reference.clone();
        let may_stay = reference.mutability.is_none();
        let root = root_of(&mut reference.expr);
        if matches!(root, Expr::Path(_)) || may_stay && is_literal(root) {
            // A variable in the path's place or in an index may come from a `move(..)`.
            let reference = reference.into_token_stream();
            self.statements
                .extend(self.moves.take_those_in(reference.clone()));
            return reference;
        }
        let variable = self.evaluate(root);
        *root = Expr::Verbatim(variable.to_token_stream());
        reference.into_token_stream()
    }

    /// Evaluates `value` now, into a variable.
    fn evaluate(&mut self, value: &Expr) -> Ident {
        let place = made_at(value.span());
        let mut argument = format_ident!("argument_{}", self.count);
        argument.set_span(place);
        self.count += 1;
        self.statements
            .extend(self.moves.take_those_in(value.to_token_stream()));
        self.statements
            .extend(quote_spanned!(place=> let mut #argument = #value;));
        argument
    }
}

pub(crate) fn is_literal(expression: &Expr) -> bool {
    match expression {
        Expr::Lit(_) => true,
        Expr::Unary(unary) => matches!(unary.op, UnOp::Neg(_)) && is_literal(peel(&unary.expr)),
        _ => false,
    }
}

/// The value that a place such as `x.field[i]` is a part of.
pub(crate) fn root_of(place: &mut Expr) -> &mut Expr {
    if matches!(place, Expr::Unary(unary) if !matches!(unary.op, UnOp::Deref(_))) {
        return place;
    }
    match place {
        Expr::Group(group) => root_of(&mut group.expr),
        Expr::Paren(paren) => root_of(&mut paren.expr),
        Expr::Field(field) => root_of(&mut field.base),
        Expr::Index(index) => root_of(&mut index.expr),
        Expr::Unary(unary) => root_of(&mut unary.expr),
        root => root,
    }
}

/// Whether `name` is written as the name of a `static` or `const` is.
fn is_static(name: &Ident) -> bool {
    let name = name.to_string();
    name.contains(char::is_uppercase) && !name.contains(char::is_lowercase)
}
