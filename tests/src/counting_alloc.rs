//! An allocator that counts what is asked of it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, counted. Make it the global one of a test binary.
#[derive(Debug)]
pub struct CountingAlloc {
    bytes: AtomicUsize,
    calls: AtomicUsize,
}

impl CountingAlloc {
    /// Nothing counted yet.
    #[expect(clippy::new_without_default, reason = "it is made in a static only")]
    pub const fn new() -> Self {
        Self {
            bytes: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
        }
    }

    /// How many bytes are allocated now.
    pub fn bytes(&self) -> usize {
        // Ordering: Relaxed; a test reads it when it has joined those who allocate.
        self.bytes.load(Ordering::Relaxed)
    }

    /// How many allocations were made so far; one that grows is made again.
    pub fn calls(&self) -> usize {
        // Ordering: Relaxed, as in `bytes`.
        self.calls.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) {
        // Ordering: Relaxed, as in `bytes`.
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    fn sub(&self, bytes: usize) {
        // Ordering: Relaxed, as in `bytes`.
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for CountingAlloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.add(layout.size());
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        self.sub(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.sub(layout.size());
        self.add(size);
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }
}
