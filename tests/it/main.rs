//! What a user sees, in the order of the README's feature table, and the rules of the house.

mod spawn;
mod go;
mod join;
mod join_set;
mod local_set;
mod main_attr;
mod test_attr;
mod yield_now;
mod run_order;
mod steal;
mod block_on;
mod netpoll;
mod async_fd;
mod tcp;
mod accept;
mod udp;
mod unix;
mod io;
mod signal;
mod compat_hyper;
mod feature_table;
mod tidy;
