//! gort under another name, in edition 2021.

use futures::channel::mpsc;
use futures::StreamExt;
use g::{defer, defers, go, recover, spawn};

async fn twice(n: u32) -> u32 {
    std::future::ready(n * 2).await
}

fn send(report: &mpsc::UnboundedSender<u32>, n: u32) {
    report.unbounded_send(n).unwrap();
}

#[defers]
#[cfg_attr(not(test), allow(dead_code))]
async fn deferring(log: &mut Vec<u32>) -> Result<u32, g::panic::Panic> {
    defer!(log.push(3));
    defer!({
        log.push(twice(1).await);
        drop(recover());
    });
    log.push(1);
    assert!(log.len() > 1, "not yet");
    Ok(7)
}

#[g::main(crate = g)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (report, reports) = mpsc::unbounded();
    go!(clone(report), send(&report, 1));
    go!(|n: u32| { send(&report, n) }(2));
    let mut sum = reports.fold(0, |sum, n| async move { sum + n }).await;
    sum += spawn!(twice(3)).await?;
    sum += spawn!(|| -> u32 { twice(move(1 + 1)).await }).await?;
    assert_eq!(sum, 13);
    let mut log = vec![0];
    assert_eq!(deferring(&mut log).await?, 7);
    println!("renamed: main ran");
    Ok(())
}

#[g::test(crate = g)]
async fn macros_work_under_another_name() {
    assert_eq!(spawn!(twice(3)).await.unwrap(), 6);
    let mut log = Vec::new();
    assert_eq!(deferring(&mut log).await.unwrap_err().message(), "not yet");
    assert_eq!(log, [1, 2, 3]);
    assert_eq!(deferring(&mut log).await.unwrap(), 7);
    assert_eq!(g::recover!({ twice(2).await }).unwrap(), 4);
    assert_eq!(g::spawn! { let n = 4; twice(n).await }.await.unwrap(), 8);
}
