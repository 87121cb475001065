// SPDX-License-Identifier: Apache-2.0
//
// Tasks of tokio that know nothing of triptych, and count themselves what they do: for each function a
// line "NAME CREATED RESUMED FINISHED DESTROYED" at the end.
//
//   tokio_tasks all N      on two threads: in turns, by a channel, failing, aborted, never ending
//   tokio_tasks current N  the same on one thread
//   tokio_tasks local N    tasks that stay on one thread, polled by another one's step
//   tokio_tasks block      one sleeps for 200 ms on its thread; what it slept is printed, in ns
//   tokio_tasks wait N     as all, twice: when "ready" has been printed and a line come, again
//   tokio_tasks spawn N    a task runs the program once more, as all N, while others go on
//   tokio_tasks exec N     as all, then in the program that it becomes
//   tokio_tasks crash N    a task that yields N times, then ends the process
use std::future::Future;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::pin::Pin;
use std::process::Command;
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{spawn_local, yield_now, JoinHandle, LocalSet};

#[derive(Default, Clone, Copy)]
struct Counts {
    created: u64,
    resumed: u64,
    finished: u64,
    destroyed: u64,
}
static COUNTS: Mutex<Vec<(&'static str, Counts)>> = Mutex::new(Vec::new());

fn count(name: &'static str, change: impl FnOnce(&mut Counts)) {
    let mut counts = COUNTS.lock().unwrap_or_else(|error| error.into_inner());
    let known = counts.iter().position(|each| each.0 == name);
    let at = known.unwrap_or(counts.len());
    if known.is_none() {
        counts.push((name, Counts::default()));
    }
    change(&mut counts[at].1);
}

// Counts the polls of what it holds, which may panic.
struct Counted<F>(F, &'static str, bool);

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = unsafe { self.get_unchecked_mut() };
        count(this.1, |counts| counts.resumed += 1);
        this.2 = true; // if it does not come back from there, it is over
        let polled = unsafe { Pin::new_unchecked(&mut this.0) }.poll(context);
        this.2 = polled.is_ready();
        polled
    }
}

impl<F> Drop for Counted<F> {
    fn drop(&mut self) {
        let finished = self.2;
        count(self.1, |counts| match finished {
            true => counts.finished += 1,
            false => counts.destroyed += 1,
        });
    }
}

fn counted<F: Future>(future: F, name: &'static str) -> Counted<F> {
    count(name, |counts| counts.created += 1);
    Counted(future, name, false)
}

async fn leaf(number: u64) -> u64 {
    yield_now().await;
    number
}

async fn worker(rounds: u64) -> u64 {
    for _ in 0..rounds {
        yield_now().await;
    }
    rounds
}

async fn middle(rounds: u64) -> u64 {
    let mut sum = 0;
    for number in 0..rounds {
        sum += leaf(number).await;
    }
    sum
}

async fn receiver(mut from: tokio::sync::mpsc::Receiver<u64>) -> u64 {
    let mut sum = 0;
    while let Some(number) = from.recv().await {
        sum += number;
    }
    sum
}

async fn sender(to: tokio::sync::mpsc::Sender<u64>, rounds: u64) {
    for number in 0..rounds {
        to.send(number).await.unwrap();
    }
}

async fn sleeper(rounds: u64) {
    for _ in 0..rounds.min(10) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn failing() {
    yield_now().await;
    panic!("as planned");
}

async fn aborted() {
    std::future::pending::<()>().await;
}

async fn endless() {
    std::future::pending::<()>().await;
}

async fn local(rounds: u64) {
    for _ in 0..rounds {
        yield_now().await;
    }
}

async fn kept(end: tokio::sync::oneshot::Receiver<()>) {
    end.await.unwrap();
}

async fn blocker() {
    yield_now().await;
    let before = Instant::now();
    std::thread::sleep(Duration::from_millis(200));
    println!("slept {}", before.elapsed().as_nanos());
}

fn this_program(rounds: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["all", &rounds.to_string()]);
    command
}

async fn spawner(rounds: u64) {
    yield_now().await;
    let mut child = this_program(rounds).spawn().unwrap();
    while child.try_wait().unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(child.wait().unwrap().success());
}

async fn falling(rounds: u64) {
    for _ in 0..rounds {
        yield_now().await;
    }
    print_counts();
    std::process::abort();
}

async fn until_polled(name: &'static str, times: u64) {
    let mut polled = 0;
    while polled < times {
        count(name, |counts| polled = counts.resumed);
        yield_now().await;
    }
}

async fn all(rounds: u64, turn: u64) {
    let mut handles: Vec<JoinHandle<u64>> = Vec::new();
    for extra in 0..10 {
        handles.push(tokio::spawn(counted(worker(rounds + extra), "worker")));
    }
    for _ in 0..3 {
        handles.push(tokio::spawn(counted(middle(rounds), "middle")));
    }
    let (to, from) = tokio::sync::mpsc::channel(4);
    handles.push(tokio::spawn(counted(receiver(from), "receiver")));
    let others = [
        tokio::spawn(counted(sender(to, rounds), "sender")),
        tokio::spawn(counted(sleeper(rounds), "sleeper")),
    ];
    let panics = tokio::spawn(counted(failing(), "failing"));
    let aborts = tokio::spawn(counted(aborted(), "aborted"));
    tokio::spawn(counted(endless(), "endless"));
    // To be aborted is a step of its own: the task is resumed, but what it was made of is not.
    until_polled("aborted", 2 * turn - 1).await;
    aborts.abort();
    count("aborted", |counts| counts.resumed += 1);
    for handle in handles {
        handle.await.unwrap();
    }
    for handle in others {
        handle.await.unwrap();
    }
    assert!(panics.await.unwrap_err().is_panic());
    assert!(aborts.await.unwrap_err().is_cancelled());
    count("aborted", |counts| {
        counts.destroyed -= 1;
        counts.finished += 1;
    });
    until_polled("endless", turn).await;
}

fn runtime(threads: usize) -> Runtime {
    let mut builder = match threads {
        0 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder.worker_threads(threads.max(1)).enable_time().build().unwrap()
}

fn with_local(rounds: u64) {
    let set = LocalSet::new();
    set.block_on(&runtime(0), async move {
        let handles: Vec<_> =
            (0..5).map(|extra| spawn_local(counted(local(rounds + extra), "local"))).collect();
        for handle in handles {
            handle.await.unwrap();
        }
    });
}

fn twice(rounds: u64) {
    let runtime = runtime(2);
    runtime.block_on(all(rounds, 1));
    let (end, ended) = tokio::sync::oneshot::channel();
    let handle = runtime.spawn(counted(kept(ended), "kept"));
    runtime.block_on(until_polled("kept", 1));
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    end.send(()).unwrap();
    runtime.block_on(handle).unwrap();
    runtime.block_on(all(rounds, 2));
}

fn print_counts() {
    for (name, counts) in COUNTS.lock().unwrap().iter() {
        let Counts { created, resumed, finished, destroyed } = counts;
        println!("{name} {created} {resumed} {finished} {destroyed}");
    }
    std::io::stdout().flush().unwrap();
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let what = words.get(1).map_or("all", |word| word.as_str());
    let rounds = words.get(2).map_or(10, |word| word.parse().unwrap());
    match what {
        "local" => with_local(rounds),
        "block" => runtime(2).block_on(async {
            tokio::spawn(counted(blocker(), "blocker")).await.unwrap();
        }),
        "wait" => twice(rounds),
        "current" => runtime(0).block_on(all(rounds, 1)),
        "spawn" => runtime(2).block_on(async move {
            let spawns = tokio::spawn(counted(spawner(rounds), "spawner"));
            all(rounds, 1).await;
            spawns.await.unwrap();
        }),
        "crash" => runtime(2).block_on(async move {
            tokio::spawn(counted(falling(rounds), "falling")).await.unwrap();
        }),
        _ => runtime(2).block_on(all(rounds, 1)),
    }
    print_counts();
    if what == "exec" {
        panic!("{}", this_program(rounds).exec());
    }
}
