//! Netpoller (work in progress).
