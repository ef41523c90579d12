//! 64 tasks that read pages of one file, each by a call that may block. The system has the file in
//! memory, so what is measured is what a runtime adds to a short call. An operation is a page.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::process;

use super::countdown::Countdown;
use crate::rival::Files;

const TASKS: u64 = 64;
/// Read by each task.
const READS: u64 = 200;
const PAGE: usize = 4096;
/// In the file. Each is filled with its number.
const PAGES: u64 = 251;

/// The file, of which only the open handle is left.
pub(crate) fn open<R: Files>() -> io::Result<&'static R::File> {
    let path = std::env::temp_dir().join(format!("gort-benches-{}", process::id()));
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)?;
    std::fs::remove_file(path)?;
    for n in 0..PAGES {
        file.write_all(&[n as u8; PAGE])?;
    }
    Ok(Box::leak(Box::new(R::File::from(file))))
}

pub(crate) async fn round<R: Files>(file: &'static R::File, countdown: &'static Countdown) -> u64 {
    let all = countdown.start(TASKS as usize);
    for task in 0..TASKS {
        R::go(async move {
            let mut page = vec![0; PAGE];
            let mut sum = 0;
            for read in 0..READS {
                let n = (task + read) % PAGES;
                R::read_at(file, &mut page, n * PAGE as u64)
                    .await
                    .expect("the page can be read");
                sum += u64::from(page[0] == n as u8 && page[PAGE - 1] == n as u8);
            }
            countdown.done(sum);
        });
    }
    let right = all.await.expect("the last task tells");
    assert_eq!(right, TASKS * READS, "every page holds its number");
    right
}
