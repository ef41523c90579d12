//! What a million tasks that wait for something occupy: the growth of the process, for each task.
//!
//! They are spawned a thousand at a time, so that it is not the queues' growth that is measured.

use std::future::poll_fn;
use std::task::Poll;
use std::{fs, io};

use super::countdown::Countdown;
use crate::rival::Rival;
use crate::sample::Sample;

const BATCHES: usize = 1000;
/// In each batch.
const TASKS: usize = 1000;

pub(crate) async fn once<R: Rival>(countdown: &'static Countdown) -> io::Result<Sample> {
    let before = resident()?;
    for _ in 0..BATCHES {
        let all = countdown.start(TASKS);
        for _ in 0..TASKS {
            // A waiter leaves its waker somewhere. Here that is in the task itself, which costs
            // every runtime the same; one of which nobody had the waker would be dropped by some.
            let mut waker = None;
            R::go(poll_fn(move |cx| {
                if waker.replace(cx.waker().clone()).is_none() {
                    countdown.finish();
                }
                Poll::Pending
            }));
        }
        all.await.expect("the last task of the batch tells");
    }
    let grown = resident()?.saturating_sub(before);
    Ok(Sample::of_memory((BATCHES * TASKS) as u64, grown))
}

/// The memory this process occupies, in bytes; counted page by page, since `/proc/self/status` is
/// off by what each processor has not reported yet.
fn resident() -> io::Result<u64> {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup")?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(kib.ok_or(io::ErrorKind::InvalidData)? * 1024)
}
