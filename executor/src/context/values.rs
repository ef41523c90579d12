//! The values of a context.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::sync::Arc;

/// A value and those further up. Contexts share the chain.
pub(super) struct Values<T: ?Sized = dyn Any + Send + Sync> {
    /// Taken when it is dropped.
    above: Option<Arc<Values>>,
    /// For those who look at a context while debugging.
    name: &'static str,
    value: T,
}

impl Values {
    pub(super) fn new<T: Any + Send + Sync>(above: Option<Arc<Values>>, value: T) -> Arc<Self> {
        Arc::new(Values {
            above,
            name: type_name::<T>(),
            value,
        })
    }

    /// The nearest value of this type.
    pub(super) fn find<T: Any>(&self) -> Option<&T> {
        self.chain()
            .find(|values| values.value.type_id() == TypeId::of::<T>())
            .and_then(|values| values.value.downcast_ref())
    }

    fn chain(&self) -> impl Iterator<Item = &Values> {
        std::iter::successors(Some(self), |values| values.above.as_deref())
    }
}

impl<T: ?Sized> Drop for Values<T> {
    fn drop(&mut self) {
        // One by one, so that the end of a long chain needs no deep stack.
        let mut above = self.above.take();
        while let Some(mut values) = above {
            above = Arc::get_mut(&mut values).and_then(|values| values.above.take());
        }
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.chain().map(|values| values.name))
            .finish()
    }
}
