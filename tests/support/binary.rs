//! The real binary in a directory of its own, with nothing of the surroundings let in.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, unreachable_pub, missing_docs, reason = "test support")]

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Output, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// User id → state.
pub type States = BTreeMap<String, String>;

/// A configuration directory to run the binary in.
pub struct Sandbox {
    dir: TempDir,
    variables: Vec<(String, String)>,
}

/// What a run of the binary said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Said {
    /// The exit code, or everything that was said where it is another.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// Standard output or error holds this.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "no `{text}` in stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Standard output as the one JSON document it must be.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

impl Sandbox {
    /// An empty directory.
    pub fn new() -> Self {
        Self { dir: TempDir::new().unwrap(), variables: Vec::new() }
    }

    /// A copy of one of the examples.
    pub fn example(name: &str) -> Self {
        let sandbox = Self::new();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name), sandbox.dir.path());
        sandbox
    }

    /// A variable of the environment, in every run from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Adds to a file.
    pub fn append(&self, name: &str, text: &str) {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Replaces text that is there in a file.
    #[track_caller]
    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "no `{from}` in {name}");
        self.write(name, &text.replace(from, to));
    }

    /// The command, ready to run.
    pub fn command(&self, args: &[&str]) -> Command {
        self.through(Path::new(env!("CARGO_BIN_EXE_mfaplan")), args)
    }

    /// Another program in the same surroundings.
    pub fn through(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.dir.path()).env_clear().stdin(Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the binary.
    pub fn run(&self, args: &[&str]) -> Said {
        self.command(args).output().unwrap().into()
    }

    /// Runs the binary with this on standard input.
    pub fn run_with_input(&self, args: &[&str], input: &str) -> Said {
        let mut child = self.spawn(self.command(args).stdin(Stdio::piped()));
        // The program may end without reading: then there is nobody to write to.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap().into()
    }

    /// Starts a command with its output kept.
    pub fn spawn(&self, command: &mut Command) -> Child {
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The plan as JSON.
    #[track_caller]
    pub fn plan(&self, args: &[&str]) -> Value {
        self.run(&[&["plan", "--json"], args].concat()).exits(0).json()
    }

    /// The digest of the plan as it is now, without its prefix.
    #[track_caller]
    pub fn digest(&self, args: &[&str]) -> String {
        digits(&self.plan(args))
    }

    /// Names of the runs in the journal, oldest first.
    pub fn runs(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(".mfaplan/runs")) else { return Vec::new() };
        let mut runs: Vec<String> = entries
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".jsonl").map(str::to_owned))
            .collect();
        runs.sort();
        runs
    }

    /// The only run there is.
    #[track_caller]
    pub fn run_id(&self) -> String {
        let runs = self.runs();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs[0].clone()
    }

    /// The lines of a run's journal that are whole.
    pub fn journal(&self, run: &str) -> Vec<Value> {
        let bytes = fs::read(self.path(&format!(".mfaplan/runs/{run}.jsonl"))).unwrap();
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let text = std::str::from_utf8(&bytes[..whole]).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The states in `tenant.json`.
    pub fn states(&self) -> States {
        states(&self.read("tenant.json"))
    }
}

/// The binary at a terminal of its own, made by `script`.
pub struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: Receiver<Vec<u8>>,
    shown: String,
}

impl Terminal {
    /// None where this machine has no `script`. `early` is typed, and lies in the terminal, before the program starts.
    #[track_caller]
    pub fn start(sandbox: &Sandbox, args: &[&str], early: &str) -> Option<Self> {
        let script = Path::new("/usr/bin/script");
        if !script.exists() {
            return None;
        }
        let gate = sandbox.path("started");
        let _ = fs::remove_file(&gate);
        let line = format!(
            "until [ -e '{}' ]; do sleep 0.01; done; exec {} {}",
            gate.display(),
            env!("CARGO_BIN_EXE_mfaplan"),
            args.join(" ")
        );
        let mut command = sandbox.through(script, &["-qec", &line, "/dev/null"]);
        let mut child = sandbox.spawn(command.stdin(Stdio::piped()).env("PATH", "/usr/bin:/bin"));
        let keyboard = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let (send, screen) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = stdout.read(&mut buffer) {
                if send.send(buffer[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut terminal = Self { child, keyboard, screen, shown: String::new() };
        if !early.is_empty() {
            terminal.types(early);
            // The terminal's own echo: what was typed is there.
            terminal.until(early.trim_end());
        }
        fs::write(gate, "").unwrap();
        Some(terminal)
    }

    /// Waits until this is shown.
    #[track_caller]
    pub fn until(&mut self, text: &str) -> &mut Self {
        let latest = Instant::now() + Duration::from_secs(120);
        while !self.shown.contains(text) {
            let left = latest.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.screen.recv_timeout(left) else { panic!("no `{text}` in:\n{}", self.shown) };
            self.shown += &String::from_utf8_lossy(&bytes);
        }
        self
    }

    /// Waits until this question is shown whole, with the prompt that ends it, and types the answer.
    #[track_caller]
    pub fn answers(&mut self, question: &str, prompt: &str, answer: &str) -> &mut Self {
        self.until(question);
        let asked = |shown: &str| shown.rsplit_once(question).is_some_and(|(_, rest)| rest.contains(prompt));
        while !asked(&self.shown) {
            let bytes = self.screen.recv_timeout(Duration::from_secs(120)).expect("the prompt of the question");
            self.shown += &String::from_utf8_lossy(&bytes);
        }
        self.types(answer)
    }

    /// Types this.
    pub fn types(&mut self, text: &str) -> &mut Self {
        self.keyboard.write_all(text.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
        self
    }

    /// Everything shown, and the exit code.
    pub fn ends(mut self) -> Said {
        while let Ok(bytes) = self.screen.recv() {
            self.shown += &String::from_utf8_lossy(&bytes);
        }
        let code = self.child.wait().unwrap().code();
        Said { code, stdout: self.shown, stderr: String::new() }
    }
}

/// The digits of a plan's digest.
pub fn digits(plan: &Value) -> String {
    plan["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap().to_owned()
}

/// The states in a snapshot.
#[track_caller]
pub fn states(snapshot: &str) -> States {
    let value: Value = serde_json::from_str(snapshot).expect("the snapshot is whole");
    let text = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
    value["users"].as_array().unwrap().iter().map(|user| (text(&user["id"]), text(&user["perUserMfaState"]))).collect()
}

/// What a plan will write: user id → (before, effective), of the changes that are not withheld.
pub fn writes(plan: &Value) -> BTreeMap<String, (String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let changes = plan["changes"].as_array().unwrap().iter().filter(|change| change["decision"] == "apply");
    changes.map(|change| (text(&change["user"]["id"]), (text(&change["before"]), text(&change["effective"])))).collect()
}

/// The states after a plan is applied.
pub fn planned(before: &States, writes: &BTreeMap<String, (String, String)>) -> States {
    let mut after = before.clone();
    after.extend(writes.iter().map(|(id, (_, effective))| (id.clone(), effective.clone())));
    after
}

/// Sends a signal to a process of ours.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success(), "kill -{name}");
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
