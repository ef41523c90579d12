use gort::select;

enum Answer {
    Yes,
    No,
}

#[gort::main]
async fn main() {
    select! {
        Answer::Yes = std::future::ready(Answer::No) => {}
    }
}
