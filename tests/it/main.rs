//! Tests of what a user sees.

mod go;
mod main_attr;
mod test_attr;
