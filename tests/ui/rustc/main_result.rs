struct Answer;

#[gort::main]
async fn main() -> Answer {
    Answer
}
