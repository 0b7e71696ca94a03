//! A page as its reader takes it: commands to type, and what they print.
//!
//! In a block marked `console`, a line that begins with `$ ` is a command, and the lines below it are output.
//! Without a command, a block is what the program in the background prints next. Comments before a block
//! say how it is meant: `<!-- test: exit 3 -->` (of its last command), `<!-- test: background -->`,
//! `<!-- test: not run: REASON -->`, and `<!-- test: run -->` for a script, which is no `console`. Two stand by
//! themselves: `<!-- test: begins in DIRECTORY -->` and `<!-- test: interrupt -->`.

/// What the reader does.
pub(super) enum Action {
    /// Begins in this directory of the home.
    Begin(String),
    /// Runs a command that ends with this code.
    Run {
        command: String,
        code: i32,
        shown: Vec<String>,
    },
    /// Starts a command that goes on.
    Start { command: String, shown: Vec<String> },
    /// Sees what the program in the background prints.
    See { shown: Vec<String> },
    /// Presses Ctrl-C.
    Interrupt,
}

/// An action, and the line of the page that asks for it.
pub(super) struct Step {
    pub(super) line: usize,
    pub(super) action: Action,
}

/// How a block is meant.
#[derive(Default)]
struct Notes {
    code: i32,
    is_background: bool,
    is_script: bool,
    is_skipped: bool,
}

/// Returns the steps of a page.
pub(super) fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut notes = Notes::default();
    let mut lines = text.lines().zip(1..);
    while let Some((text, line)) = lines.next() {
        if let Some(note) = text
            .strip_prefix("<!-- test: ")
            .and_then(|rest| rest.strip_suffix(" -->"))
        {
            let action = notes
                .take(note)
                .map_err(|error| format!("{line}: {error}"))?;
            steps.extend(action.map(|action| Step { line, action }));
        } else if let Some(language) = text.strip_prefix("```") {
            let body = lines.by_ref().map(|(text, _)| text);
            let body: Vec<&str> = body.take_while(|text| *text != "```").collect();
            let actions = std::mem::take(&mut notes).actions(language, &body);
            steps.extend(actions.into_iter().map(|action| Step { line, action }));
        }
    }
    Ok(steps)
}

impl Notes {
    /// Takes a comment. Returns what it asks for by itself.
    fn take(&mut self, note: &str) -> Result<Option<Action>, String> {
        match note.split_once(' ').unwrap_or((note, "")) {
            ("background", "") => self.is_background = true,
            ("run", "") => self.is_script = true,
            ("exit", code) => {
                let parsed = code.parse();
                self.code = parsed.map_err(|_| format!("no exit code: {code}"))?;
            }
            ("not", reason) if reason.len() > "run: ".len() => self.is_skipped = true,
            ("begins", place) => {
                return Ok(place
                    .strip_prefix("in ")
                    .map(|place| Action::Begin(place.to_owned())));
            }
            ("interrupt", "") => return Ok(Some(Action::Interrupt)),
            _ => return Err(format!("unknown note: {note}")),
        }
        Ok(None)
    }

    fn actions(&self, language: &str, body: &[&str]) -> Vec<Action> {
        match language {
            _ if self.is_skipped => Vec::new(),
            "console" => self.typed(body),
            _ if self.is_script => vec![Action::Run {
                command: body.join("\n"),
                code: self.code,
                shown: Vec::new(),
            }],
            _ => Vec::new(),
        }
    }

    /// Returns what is typed in a terminal, and seen there.
    fn typed(&self, body: &[&str]) -> Vec<Action> {
        let mut actions = Vec::new();
        let starts = (0..body.len()).filter(|&at| at == 0 || body[at].starts_with("$ "));
        for start in starts {
            let rest = &body[start..];
            let (command, output) = match rest[0].strip_prefix("$ ") {
                Some(command) => (Some(command), &rest[1..]),
                None => (None, rest),
            };
            let shown = output.iter().take_while(|line| !line.starts_with("$ "));
            let shown = shown
                .filter(|line| **line != "…")
                .map(ToString::to_string)
                .collect();
            actions.push(self.action(command, shown));
        }
        if let Some(Action::Run { code, .. }) = actions.last_mut() {
            *code = self.code;
        }
        actions
    }

    fn action(&self, command: Option<&str>, shown: Vec<String>) -> Action {
        // The README calls the program as one does who has not installed it.
        let command =
            command.map(|command| command.replace("cargo run --release -- ", "windlass "));
        match command {
            None => Action::See { shown },
            Some(command) if self.is_background => Action::Start { command, shown },
            Some(command) => Action::Run {
                command,
                code: 0,
                shown,
            },
        }
    }
}

/// Returns whether a line is what a page shows. `…` stands for anything, and columns may be wider.
pub(super) fn is_shown(line: &str, shown: &str) -> bool {
    let line = single_spaced(line);
    let shown = single_spaced(shown);
    let mut parts = shown.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_ellipsis_stands_for_anything_and_nothing_else_does() {
    for (line, shown) in [
        ("converged: 3 in 0.2 s", "converged: 3 in … s"),
        ("NAME    READY", "NAME  READY"),
        ("    at the end", "…end"),
        ("all", "all"),
        ("a b c", "a … c"),
    ] {
        assert!(is_shown(line, shown), "{line:?} {shown:?}");
    }
    for (line, shown) in [
        ("allowed", "all"),
        ("not all", "all"),
        ("ab", "a…b…b"),
        ("a", "…b"),
    ] {
        assert!(!is_shown(line, shown), "{line:?} {shown:?}");
    }
}
