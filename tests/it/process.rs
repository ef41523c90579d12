//! Processes.

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use gort::process::{Child, Command, Stdio};
use gort::signal::SignalKind;
use gort::time::{sleep, timeout};
use gort_tests::{LIMIT, PROCS, is_child, join, on_goroutine, run_child, wait_until, with_procs};
use rustix::io::Errno;
use rustix::process::{
    Pid, Resource, Rlimit, WaitId, WaitIdOptions, setrlimit, test_kill_process, waitid,
};

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(Stdio::null());
    command
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap()
}

/// Whether the process is gone, and no zombie.
fn is_gone(pid: Pid) -> bool {
    test_kill_process(pid) == Err(Errno::SRCH)
}

#[test]
fn a_status_tells_how_the_child_ended() {
    on_goroutine(&PROCS, || async {
        assert!(sh("true").status().await.unwrap().success());
        assert_eq!(sh("exit 7").status().await.unwrap().code(), Some(7));
        let status = sh("kill -TERM $$").status().await.unwrap();
        assert_eq!((status.code(), status.signal()), (None, Some(15)));
    });
}

#[test]
fn what_cannot_be_started_is_an_error() {
    on_goroutine(&PROCS, || async {
        let kind = |command: &mut Command| command.spawn().unwrap_err().kind();
        let missing = &mut Command::new("no-such-program");
        assert_eq!(kind(missing), ErrorKind::NotFound);
        assert_eq!(kind(&mut Command::new("/")), ErrorKind::PermissionDenied);
        let nowhere = &mut sh("true");
        nowhere.current_dir("/no/such/directory");
        assert_eq!(kind(nowhere), ErrorKind::NotFound);
        let zero = missing.arg("a\0b").output().await.unwrap_err();
        assert_eq!(zero.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn surroundings_are_those_that_were_set() {
    on_goroutine(&[1], || async {
        let mut command = sh("echo $ONE $TWO $3; pwd");
        command.env("ONE", "1").envs([("TWO", "2")]).arg0("shell");
        let output = command.current_dir("/").output().await.unwrap();
        assert_eq!(output.stdout, b"1 2\n/\n");
        command.env_clear();
        assert_eq!(command.output().await.unwrap().stdout, b"\n/\n");
        let error = sh("echo wrong >&2").output().await.unwrap();
        assert_eq!(
            (&*error.stdout, &*error.stderr),
            (&b""[..], &b"wrong\n"[..])
        );
        let mut silent = sh("echo out; echo wrong >&2");
        silent.stdout(Stdio::null()).stderr(Stdio::null());
        let output = silent.output().await.unwrap();
        assert!(output.stdout.is_empty() && output.stderr.is_empty());
    });
}

#[test]
fn a_mebibyte_on_both_pipes_at_once_arrives() {
    on_goroutine(&PROCS, || async {
        let script = "head -c 1048576 /dev/zero >&2; head -c 1048576 /dev/zero; exit 3";
        let output = sh(script).output().await.unwrap();
        assert_eq!(output.status.code(), Some(3));
        for stream in [output.stdout, output.stderr] {
            assert!(stream.len() == 1 << 20 && stream.iter().all(|byte| *byte == 0));
        }
    });
}

#[test]
fn a_mebibyte_goes_through_a_child_and_back() {
    on_goroutine(&PROCS, || async {
        let mut cat = Command::new("cat");
        let mut cat = cat
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut stdin, mut stdout) = (cat.stdin.take().unwrap(), cat.stdout.take().unwrap());
        let sent: Vec<u8> = (0..1_u32 << 20).map(|n| (n % 251) as u8).collect();
        let copy = sent.clone();
        let writer = gort::spawn(async move {
            stdin.write_all(&copy).await.unwrap();
            stdin.flush().await.unwrap();
            stdin.close().await.unwrap();
            let error = stdin.write(b"x").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        });
        let mut read = Vec::new();
        stdout.read_to_end(&mut read).await.unwrap();
        assert!(read == sent, "other bytes came back");
        writer.await.unwrap();
        assert!(cat.wait().await.unwrap().success());
    });
}

#[test]
fn writing_to_a_child_that_does_not_read_is_an_error_and_no_signal() {
    on_goroutine(&PROCS, || async {
        let mut child = sh("true").stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        assert!(child.wait().await.unwrap().success());
        let error = stdin.write_all(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_wait_closes_what_the_child_reads() {
    on_goroutine(&PROCS, || async {
        let mut cat = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        assert!(cat.wait().await.unwrap().success());
        assert!(cat.stdin.is_none());
    });
}

#[test]
fn a_child_that_ignores_the_request_to_end_is_killed() {
    on_goroutine(&PROCS, || async {
        let mut stubborn = sh("trap '' TERM; echo ready; exec sleep 60");
        let mut stubborn = stubborn.stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = [0; 6];
        let stdout = stubborn.stdout.as_mut().unwrap();
        stdout.read_exact(&mut ready).await.unwrap();
        stubborn.signal(SignalKind::TERMINATE).unwrap();
        let ended = timeout(Duration::from_millis(50), stubborn.wait()).await;
        assert!(ended.is_err(), "it goes on: {ended:?}");
        assert!(stubborn.try_wait().unwrap().is_none());
        stubborn.kill().await.unwrap();
        assert_eq!(stubborn.wait().await.unwrap().signal(), Some(9));
    });
}

#[test]
fn after_the_end_every_call_knows() {
    on_goroutine(&PROCS, || async {
        let mut child = sh("exit 5").spawn().unwrap();
        let process = pid(&child);
        for _ in 0..2 {
            assert_eq!(child.wait().await.unwrap().code(), Some(5));
        }
        assert!(is_gone(process) && child.id().is_none());
        assert_eq!(child.try_wait().unwrap().unwrap().code(), Some(5));
        child.start_kill().unwrap();
        child.kill().await.unwrap();
        let error = child.signal(SignalKind::HANGUP).unwrap_err();
        assert_eq!(error.to_string(), "os: process already finished");
        let nonsense = sh("true")
            .spawn()
            .unwrap()
            .signal(SignalKind::from_raw(4711));
        assert_eq!(nonsense.unwrap_err().kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_wait_that_is_given_up_loses_nothing() {
    on_goroutine(&PROCS, || async {
        let mut child = sh("read line").stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        for _ in 0..5 {
            assert!(child.wait().now_or_never().is_none());
            assert!(
                timeout(Duration::from_millis(1), child.wait())
                    .await
                    .is_err()
            );
        }
        stdin.write_all(b"go on\n").await.unwrap();
        assert!(child.wait().await.unwrap().success());
    });
}

#[test]
fn a_hundred_children_at_once() {
    on_goroutine(&PROCS, || async {
        let start = |n: i32| {
            let mut child = sh(&format!("exit {n}")).spawn().unwrap();
            gort::spawn(async move { child.wait().await.unwrap().code() })
        };
        let waits: Vec<_> = (0..100).map(start).collect();
        for (n, wait) in (0..).zip(waits) {
            assert_eq!(wait.await.unwrap(), Some(n));
        }
    });
}

#[test]
fn others_run_while_a_child_does() {
    on_goroutine(&[1], || async {
        let mut sleeper = Command::new("sleep");
        let sleeper = sleeper.arg("0.2").status();
        let ticks = async {
            for _ in 0..20 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let begun = Instant::now();
        let (status, ()) = future::join(sleeper, ticks).await;
        assert!(status.unwrap().success());
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(200) && took < Duration::from_secs(10));
    });
}

#[test]
fn a_dropped_child_goes_on_and_leaves_no_zombie() {
    on_goroutine(&PROCS, || async {
        let mut child = sh("read line").stdin(Stdio::piped()).spawn().unwrap();
        let process = pid(&child);
        let stdin = child.stdin.take();
        drop(child);
        sleep(Duration::from_millis(5)).await;
        assert!(!is_gone(process), "it still reads");
        drop(stdin);
        wait_until("it is gone", || is_gone(process));

        // Ended by then, and not waited for.
        let mut child = sh("echo x").stdout(Stdio::piped()).spawn().unwrap();
        let process = pid(&child);
        let mut all = Vec::new();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_to_end(&mut all).await.unwrap();
        drop(child);
        wait_until("it is gone", || is_gone(process));
    });
}

#[test]
fn a_dropped_child_is_killed_if_that_was_asked_for() {
    on_goroutine(&PROCS, || async {
        let mut command = Command::new("sleep");
        command.arg("60").kill_on_drop(true);
        let child = command.spawn().unwrap();
        let process = pid(&child);
        drop(child);
        wait_until("it is gone", || is_gone(process));
        // The future has the child.
        let begun = Instant::now();
        assert!(
            timeout(Duration::from_millis(20), command.status())
                .await
                .is_err()
        );
        assert!(begun.elapsed() < Duration::from_secs(30));
    });
}

#[test]
fn a_child_that_outlives_its_runtime_leaves_no_zombie() {
    for dropped_first in [true, false] {
        let runtime = gort::Runtime::builder().procs(1).build().unwrap();
        let mut child = join(runtime.spawn(async {
            let mut command = sh("read line");
            command.stdin(Stdio::piped()).spawn().unwrap()
        }));
        let process = pid(&child);
        // The standard library's end outlives the runtime.
        let stdin = child.stdin.take().unwrap().into_std().unwrap();
        if dropped_first {
            drop(child);
            assert!(runtime.shutdown(LIMIT).is_clean());
        } else {
            assert!(runtime.shutdown(LIMIT).is_clean());
            drop(child);
        }
        assert!(!is_gone(process), "it still reads");
        drop(stdin);
        wait_until("it is gone", || is_gone(process));
    }
}

#[test]
fn a_child_is_waited_for_on_any_executor() {
    with_procs(&[1], |runtime| {
        let mut child = runtime.block_on(async { sh("exit 9").spawn().unwrap() });
        let waited = futures::executor::block_on(child.wait());
        assert_eq!(waited.unwrap().code(), Some(9));
    });
}

/// The limits count for a whole process.
fn in_own_process(test: &str, body: fn()) {
    if is_child(test) {
        body();
    } else {
        run_child(test, &[]).passed();
    }
}

fn limit_files(files: u64) {
    let limit = Rlimit {
        current: Some(files),
        maximum: Some(files),
    };
    setrlimit(Resource::Nofile, limit).unwrap();
}

#[test]
fn a_lack_of_files_is_an_error_or_does_not_matter() {
    in_own_process(
        "process::a_lack_of_files_is_an_error_or_does_not_matter",
        || {
            limit_files(60);
            on_goroutine(&PROCS, || async {
                let script = Arc::new("exit 4");
                let mut all = Vec::new();
                while let Ok(file) = std::fs::File::open("/dev/null") {
                    all.push(file);
                }
                let error = sh(&script).output().await.unwrap_err();
                assert_eq!(error.raw_os_error(), Some(Errno::MFILE.raw_os_error()));
                // Without a pipe there may be a child; but never a pidfd.
                let mut bare = Command::new("sh");
                let started = bare.args(["-c", &script]).spawn();
                if let Ok(mut child) = started {
                    let process = pid(&child);
                    assert_eq!(child.wait().await.unwrap().code(), Some(4));
                    assert!(is_gone(process));
                    let dropped = bare.spawn().unwrap();
                    let process = pid(&dropped);
                    drop(dropped);
                    wait_until("it is gone", || is_gone(process));
                }
                drop(all);
                assert_eq!(sh(&script).status().await.unwrap().code(), Some(4));
            });
        },
    );
}

/// How many of both this process has open.
fn pipes_and_pidfds() -> usize {
    let fds = std::fs::read_dir("/proc/self/fd").unwrap();
    let targets = fds.filter_map(|fd| std::fs::read_link(fd.unwrap().path()).ok());
    let counted = targets.filter(|target| {
        let target = target.to_string_lossy();
        target.starts_with("pipe:") || target.contains("pidfd")
    });
    counted.count()
}

#[test]
fn a_thousand_children_leave_nothing_open() {
    in_own_process("process::a_thousand_children_leave_nothing_open", || {
        let runtime = gort::Runtime::builder().procs(2).build().unwrap();
        join(runtime.spawn(async { sh("true").output().await.unwrap() }));
        let before = pipes_and_pidfds();
        join(runtime.spawn(async {
            for n in 0..1000 {
                let mut child = Command::new("true");
                let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
                match n % 4 {
                    0 => assert!(child.wait().await.unwrap().success()),
                    1 => assert!(child.wait_with_output().await.unwrap().status.success()),
                    2 => drop(child.wait().now_or_never()),
                    _ => drop(child),
                }
            }
        }));
        wait_until("what was open for them is closed", || {
            pipes_and_pidfds() == before
        });
        // It looks and reaps nothing itself.
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        wait_until("no child is left", || {
            waitid(WaitId::All, look).is_err_and(|error| error == Errno::CHILD)
        });
    });
}
