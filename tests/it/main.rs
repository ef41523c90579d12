//! What a user sees, in the order of the README's feature table, and the rules of the house.

mod compat_hyper;
mod feature_table;
mod go;
mod main_attr;
mod test_attr;
mod tidy;
