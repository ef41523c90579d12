//! Go's `context`: who is cancelled by what, in which order, and what waits for it.

mod after_func;
mod cancel;
mod deadline;
mod done;
mod values;
