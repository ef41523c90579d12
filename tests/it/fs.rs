//! Files and directories.

use std::ffi::OsString;
use std::future::{Future, poll_fn};
use std::io::{ErrorKind, Read, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use futures::io::{AsyncRead, AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use futures::{StreamExt, TryStreamExt};
use gort::fs::{self, File};
use gort_tests::{PROCS, bounded, is_child, join, on_goroutine, run_child, with_procs};

/// A folder of a test's own, which goes with all that is in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("gort-fs-{}-{n}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    fn pipe(&self) -> PathBuf {
        let path = self.join("pipe");
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// While it lives, goroutines want to run at any time under every permit, so that whoever blocks
/// loses the permit.
struct Greedy(Arc<AtomicBool>);

impl Greedy {
    fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        for _ in 0..4 * gort::runtime::procs() {
            let over = Arc::clone(&over);
            gort::go!({
                while !over.load(Ordering::Relaxed) {
                    gort::yield_now().await;
                }
            });
        }
        Self(over)
    }
}

impl Drop for Greedy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Polls `future` until it is ready or was pending once.
async fn once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[test]
fn a_thousand_files_at_once() {
    on_goroutine(&PROCS, || async {
        let folder = Arc::new(Folder::new());
        let file = |n: usize| {
            let folder = Arc::clone(&folder);
            gort::spawn(async move {
                let path = folder.join(n.to_string());
                let mut file = File::create_new(&path).await.unwrap();
                file.write_all(n.to_string().as_bytes()).await.unwrap();
                drop(file);
                assert_eq!(fs::read_to_string(&path).await.unwrap(), n.to_string());
                path
            })
        };
        let files: Vec<_> = (0..1000).map(file).collect();
        let mut paths = Vec::new();
        for file in files {
            paths.push(file.await.unwrap());
        }
        paths.sort();
        let entries = fs::read_dir(&folder.0).await.unwrap();
        let mut found: Vec<PathBuf> = entries.map_ok(|e| e.path()).try_collect().await.unwrap();
        found.sort();
        assert_eq!(found, paths);
        for path in paths {
            fs::remove_file(path).await.unwrap();
        }
        fs::remove_dir(&folder.0).await.unwrap();
    });
}

#[test]
fn one_file_is_read_and_written_by_many_at_offsets() {
    on_goroutine(&PROCS, || async {
        let folder = Folder::new();
        let options = File::options()
            .read(true)
            .write(true)
            .create(true)
            .to_owned();
        let file = Arc::new(options.open(folder.join("shared")).await.unwrap());
        let writer = |n: u8| {
            let file = Arc::clone(&file);
            gort::spawn(async move {
                let page = [n; 4096];
                let at = u64::from(n) * 4096;
                file.write_all_at(&page, at).await.unwrap();
                let mut read = [0; 4096];
                assert_eq!(file.read_at(&mut read, at).await.unwrap(), 4096);
                assert_eq!(read, page);
            })
        };
        let writers: Vec<_> = (0..64).map(writer).collect();
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(file.metadata().await.unwrap().len(), 64 * 4096);
        let end = file.read_exact_at(&mut [0; 2], 64 * 4096 - 1).await;
        assert_eq!(end.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    });
}

#[test]
fn a_file_is_a_stream_with_a_cursor() {
    on_goroutine(&PROCS, || async {
        let folder = Folder::new();
        let path = folder.join("file");
        let mut file = File::create_new(&path).await.unwrap();
        file.write_all(b"hello, world").await.unwrap();
        assert_eq!(file.seek(SeekFrom::End(-5)).await.unwrap(), 7);
        file.write_all(b"gopher").await.unwrap();
        file.flush().await.unwrap();
        assert_eq!(file.stream_position().await.unwrap(), 13);
        file.seek(SeekFrom::Current(-6)).await.unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "gopher");
        assert_eq!(file.read(&mut [0; 8]).await.unwrap(), 0, "the end");

        let mut appending = File::options().append(true).open(&path).await.unwrap();
        appending.write_all(b"!").await.unwrap();
        file.set_len(14).await.unwrap();
        file.sync_all().await.unwrap();
        file.close().await.unwrap();
        drop(file);
        assert_eq!(fs::read(&path).await.unwrap(), b"hello, gopher!");

        let mut reader = File::open(&path).await.unwrap();
        reader.read_exact(&mut [0; 5]).await.unwrap();
        let mut rest = String::new();
        reader.into_std().read_to_string(&mut rest).unwrap();
        assert_eq!(rest, ", gopher!");
    });
}

/// A thread that writes the numbers 0..100 as bytes into a pipe, with a pause after each.
fn slow_writer(path: PathBuf) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut pipe = std::fs::File::options().write(true).open(path).unwrap();
        for n in 0..100_u8 {
            pipe.write_all(&[n]).unwrap();
            thread::sleep(Duration::from_millis(2));
        }
    })
}

#[test]
fn a_read_that_loses_its_permit_loses_no_byte() {
    on_goroutine(&PROCS, || async {
        let folder = Folder::new();
        let path = folder.pipe();
        let writer = slow_writer(path.clone());
        let greedy = Greedy::start();
        let mut pipe = File::open(&path).await.unwrap();
        let mut read = Vec::new();
        let mut waits = 0;
        loop {
            let mut buf = [0; 16];
            let n = poll_fn(|cx| {
                let poll = pin!(&mut pipe).poll_read(cx, &mut buf);
                waits += usize::from(poll.is_pending());
                poll
            })
            .await
            .unwrap();
            if n == 0 {
                break;
            }
            read.extend_from_slice(&buf[..n]);
        }
        assert!(read.iter().copied().eq(0..100), "{read:?}");
        assert!(waits > 0, "a permit was lost, and waited for");
        drop(greedy);
        writer.join().unwrap();
    });
}

#[test]
fn a_read_that_is_dropped_while_it_waits_for_a_permit_loses_no_byte() {
    on_goroutine(&PROCS, || async {
        let folder = Folder::new();
        let path = folder.pipe();
        let writer = slow_writer(path.clone());
        let greedy = Greedy::start();
        let mut pipe = File::open(&path).await.unwrap();
        let mut read = Vec::new();
        let mut dropped = 0;
        loop {
            let mut buf = [0; 16];
            match once(pipe.read(&mut buf)).await {
                Some(n) => match n.unwrap() {
                    0 => break,
                    n => read.extend_from_slice(&buf[..n]),
                },
                None => {
                    dropped += 1;
                    // The goroutine was woken for what it no longer waits for.
                    gort::yield_now().await;
                }
            }
        }
        assert!(read.iter().copied().eq(0..100), "{read:?}");
        assert!(dropped > 0, "a future was dropped");
        drop(greedy);
        writer.join().unwrap();
    });
}

#[test]
fn a_write_that_loses_its_permit_is_written_once() {
    on_goroutine(&PROCS, || async {
        let folder = Folder::new();
        let path = folder.pipe();
        let reading = path.clone();
        let reader = thread::spawn(move || {
            let mut pipe = std::fs::File::open(reading).unwrap();
            let mut read = Vec::new();
            let mut piece = vec![0; 8192];
            loop {
                match pipe.read(&mut piece).unwrap() {
                    0 => return read,
                    n => read.extend_from_slice(&piece[..n]),
                }
                thread::sleep(Duration::from_millis(1));
            }
        });
        let greedy = Greedy::start();
        let mut pipe = File::options().write(true).open(&path).await.unwrap();
        let mut written = Vec::new();
        let mut dropped = 0;
        let begun = Instant::now();
        // Until it has come to what the test is about.
        for n in 0..60_000_u32 {
            if n >= 60 && (dropped > 0 || begun.elapsed() > Duration::from_secs(20)) {
                break;
            }
            let piece = [n as u8; 5000];
            // One that is dropped has written nothing, so it is made again.
            let wrote = loop {
                match once(pipe.write(&piece)).await {
                    Some(wrote) => break wrote.unwrap(),
                    None => dropped += 1,
                }
                gort::yield_now().await;
            };
            written.extend_from_slice(&piece[..wrote]);
        }
        drop((pipe, greedy));
        assert!(reader.join().unwrap() == written, "other bytes were read");
        assert!(dropped > 0, "a permit was lost, and waited for");
    });
}

#[test]
fn others_run_while_a_pipe_is_opened_and_read() {
    with_procs(&[1, 2], |runtime| {
        let folder = Folder::new();
        let path = folder.pipe();
        let pipes = runtime.procs() + 1;
        let read = |_| {
            let path = path.clone();
            runtime.spawn(async move { fs::read(path).await })
        };
        let reads: Vec<_> = (0..pipes).map(read).collect();
        // Every permit's holder waits in `open`, and then in `read`.
        let longest = || {
            join(runtime.spawn(async {
                let mut longest = Duration::ZERO;
                for _ in 0..20 {
                    let begun = Instant::now();
                    gort::time::sleep(Duration::from_millis(1)).await;
                    longest = longest.max(begun.elapsed());
                }
                longest
            }))
        };
        assert!(longest() < Duration::from_millis(250));
        let mut writer = std::fs::File::options().write(true).open(&path).unwrap();
        assert!(longest() < Duration::from_millis(250));
        writer.write_all(b"data").unwrap();
        drop(writer);
        let read: Vec<u8> = reads.into_iter().flat_map(|r| join(r).unwrap()).collect();
        assert_eq!(read, b"data");
    });
}

#[test]
fn errors_are_those_of_the_standard_library() {
    on_goroutine(&PROCS, || async {
        let folder = Folder::new();
        let missing = folder.join("missing");
        let kind = async |path: &Path| File::open(path).await.unwrap_err().kind();
        assert_eq!(kind(&missing).await, ErrorKind::NotFound);
        assert_eq!(kind(&folder.join("missing/too")).await, ErrorKind::NotFound);
        assert_eq!(kind(Path::new("a\0b")).await, ErrorKind::InvalidInput);
        for error in [
            fs::read(&missing).await.unwrap_err(),
            fs::read_to_string(&missing).await.unwrap_err(),
            fs::metadata(&missing).await.unwrap_err(),
            fs::copy(&missing, folder.join("to")).await.unwrap_err(),
            fs::rename(&missing, folder.join("to")).await.unwrap_err(),
            fs::remove_file(&missing).await.unwrap_err(),
            fs::remove_dir_all(&missing).await.unwrap_err(),
            fs::read_dir(&missing).await.unwrap_err(),
            fs::canonicalize(&missing).await.unwrap_err(),
            fs::read_link(&missing).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::NotFound);
        }

        let mut directory = File::open(&folder.0).await.unwrap();
        let error = directory.read(&mut [0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IsADirectory);
        let error = File::create(&folder.0).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IsADirectory);

        let file = folder.join("file");
        fs::write(&file, [0xff]).await.unwrap();
        let error = File::create_new(&file).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        let error = fs::create_dir(&file).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        let error = fs::read_to_string(&file).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        let error = fs::read_dir(&file).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotADirectory);
        let error = kind(&file.join("below")).await;
        assert_eq!(error, ErrorKind::NotADirectory);
        let mut reading = File::open(&file).await.unwrap();
        assert!(reading.write(b"x").await.is_err());
        assert!(reading.seek(SeekFrom::Current(-1)).await.is_err());
    });
}

#[test]
fn a_file_without_permission_is_refused() {
    on_goroutine(&[1], || async {
        let folder = Folder::new();
        let file = folder.join("file");
        fs::write(&file, "secret").await.unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o0))
            .await
            .unwrap();
        // The system refuses the superuser nothing.
        let refused = std::fs::read(&file).map_err(|error| error.kind());
        let ours = fs::read(&file).await.map_err(|error| error.kind());
        assert_eq!(ours, refused);
        let root = rustix::process::geteuid().is_root();
        assert!(root || refused == Err(ErrorKind::PermissionDenied));
    });
}

#[test]
fn paths_are_made_moved_linked_and_removed() {
    on_goroutine(&PROCS, || async {
        let folder = Folder::new();
        let deep = folder.join("a/b/c");
        assert!(!fs::try_exists(&deep).await.unwrap());
        fs::create_dir_all(&deep).await.unwrap();
        fs::create_dir_all(&deep).await.unwrap();
        let (one, two) = (deep.join("one"), deep.join("two"));
        fs::write(&one, "data").await.unwrap();
        assert_eq!(fs::copy(&one, &two).await.unwrap(), 4);
        fs::hard_link(&one, deep.join("second name")).await.unwrap();
        fs::rename(&one, deep.join("moved")).await.unwrap();
        fs::symlink("moved", deep.join("link")).await.unwrap();
        assert_eq!(fs::read(deep.join("link")).await.unwrap(), b"data");
        assert_eq!(
            fs::canonicalize(deep.join("link")).await.unwrap(),
            std::fs::canonicalize(deep.join("moved")).unwrap()
        );
        let mut names = Vec::new();
        let mut entries = fs::read_dir(&deep).await.unwrap();
        while let Some(entry) = entries.next_entry().await.unwrap() {
            let is_link = entry.file_type().await.unwrap().is_symlink();
            assert_eq!(is_link, entry.file_name() == "link");
            assert!(entry.ino() > 0 && entry.metadata().await.is_ok());
            names.push(entry.file_name());
        }
        names.sort();
        assert_eq!(names, ["link", "moved", "second name", "two"]);
        assert!(entries.next().await.is_none(), "it stays at its end");
        let error = fs::remove_dir(&deep).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DirectoryNotEmpty);
        fs::remove_dir_all(folder.join("a")).await.unwrap();
        assert!(!fs::exists(folder.join("a")).await.unwrap());
    });
}

#[test]
fn entries_come_once_whoever_gives_up() {
    on_goroutine(&PROCS, || async {
        let folder = Folder::new();
        let expected: Vec<OsString> = (100..900).map(|n: i32| n.to_string().into()).collect();
        for name in &expected {
            std::fs::write(folder.join(name), "").unwrap();
        }
        let greedy = Greedy::start();
        let mut entries = fs::read_dir(&folder.0).await.unwrap();
        let mut names = Vec::new();
        loop {
            match once(entries.next()).await {
                Some(Some(entry)) => names.push(entry.unwrap().file_name()),
                Some(None) => break,
                None => gort::yield_now().await,
            }
        }
        drop(greedy);
        names.sort();
        assert_eq!(names, expected);
    });
}

#[test]
fn a_lack_of_files_is_an_error_and_passes() {
    const TEST: &str = "fs::a_lack_of_files_is_an_error_and_passes";
    if !is_child(TEST) {
        run_child(TEST, &[]).passed();
        return;
    }
    use rustix::process::{Resource, Rlimit, setrlimit};
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(60),
            maximum: Some(60),
        },
    )
    .unwrap();
    on_goroutine(&PROCS, || async {
        let folder = Folder::new();
        let file = folder.join("file");
        fs::write(&file, "data").await.unwrap();
        let mut all = Vec::new();
        let error = loop {
            match File::open(&file).await {
                Ok(file) => all.push(file),
                Err(error) => break error,
            }
        };
        let emfile = rustix::io::Errno::MFILE.raw_os_error();
        assert_eq!(error.raw_os_error(), Some(emfile));
        for error in [
            fs::read(&file).await.unwrap_err(),
            fs::read_dir(&folder.0).await.unwrap_err(),
            all[0].try_clone().unwrap_err(),
        ] {
            assert_eq!(error.raw_os_error(), Some(emfile));
        }
        drop(all);
        assert_eq!(fs::read(&file).await.unwrap(), b"data");
    });
}

#[test]
fn files_work_without_a_runtime() {
    bounded("on another executor", || {
        futures::executor::block_on(async {
            let folder = Folder::new();
            let path = folder.join("file");
            let mut file = File::create(&path).await.unwrap();
            file.write_all(b"data").await.unwrap();
            assert_eq!(fs::read(&path).await.unwrap(), b"data");
            let entries: Vec<_> = fs::read_dir(&folder.0).await.unwrap().collect().await;
            assert_eq!(entries.len(), 1);
        });
    });
}
