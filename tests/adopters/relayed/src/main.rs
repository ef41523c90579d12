//! gort's macros from a library that re-exports them; gort itself is no dependency.

use futures::channel::oneshot;
use relay::go;

#[relay::gort::main(crate = relay::gort, procs = 2)]
async fn main() {
    let (report, reports) = oneshot::channel();
    go! { report.send(1).unwrap() }
    assert_eq!(reports.await, Ok(1));
    println!("relayed: main ran");
}

#[cfg(test)]
mod tests {
    use relay::{logged, recover, spawn, start};

    fn twice(n: u32) -> u32 {
        n * 2
    }

    #[relay::gort::test(crate = relay::gort)]
    async fn macros_work_through_a_library() {
        assert_eq!(spawn!(twice(3)).await.unwrap(), 6);
        let n = 4;
        assert_eq!(start!(twice(n)).await.unwrap(), 8);
        assert_eq!(start!(Some(n).map(twice)).await.unwrap(), Some(8));
        assert_eq!(start!({ twice(n) }).await.unwrap(), 8);
    }

    logged!(fails, log, log.push(2), {
        log.push(1);
        panic!("recovered")
    });

    #[test]
    fn deferred_code_works_through_a_library() {
        let mut log = Vec::new();
        assert_eq!(fails(&mut log), None);
        assert_eq!(log, [1, 2]);
        relay::defer!(log.clear());
        assert!(recover!({ panic!("caught") }).is_err());
    }
}
